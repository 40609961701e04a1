/** Pages of one's own: `errorfile`, `errorloc`, `http-error`, and sections `http-errors` (manual §4.2, §3.8). */
import type { ErrorPage, HttpErrors } from '../model.js';
import type { Line } from './line.js';
import { PAGE_STATUSES, readMessage, readReply } from './reply.js';
import {
  ignoreRest,
  type ProxyKeywords,
  type ProxySection,
  type Reader,
  type Section,
  unknownKeyword,
} from './section.js';

export const ERROR_KEYWORDS: ProxyKeywords = {
  errorfile: { in: 'dfb', read: readErrorFile },
  errorfiles: { in: 'dfb', read: readErrorFiles },
  errorloc: { in: 'dfb', read: (line, section) => readErrorLocation(line, section, 302) },
  errorloc302: { in: 'dfb', read: (line, section) => readErrorLocation(line, section, 302) },
  errorloc303: { in: 'dfb', read: (line, section) => readErrorLocation(line, section, 303) },
  'http-error': { in: 'dfb', read: readHttpError },
};

function readStatus(line: Line, i: number): number | undefined {
  const status = line.integer(i, 'the status');
  if (status === undefined || PAGE_STATUSES.includes(status)) return status;
  const message = `there is no standard page for status ${status} to be replaced`;
  line.error('bad-status', i, message, `write one of ${PAGE_STATUSES.join(', ')}`);
  return undefined;
}

function filePage(line: Line): ErrorPage | undefined {
  const status = readStatus(line, 1);
  if (status === undefined || !line.need(2, 'a status and a file')) return undefined;
  const raw = readMessage(line, 2);
  return raw === undefined ? undefined : { status, raw, file: line.text(2), loc: line.whole };
}

function readErrorFile(line: Line, section: ProxySection): void {
  const page = filePage(line);
  if (page) section.proxy.http.errorPages.push(page);
}

function readErrorLocation(line: Line, section: ProxySection, code: 302 | 303): void {
  const status = readStatus(line, 1);
  if (status === undefined || !line.need(2, 'a status and a URL')) return;
  section.proxy.http.errorPages.push({ status, location: { url: line.text(2), code }, loc: line.whole });
}

function readHttpError(line: Line, section: ProxySection): void {
  const found = readReply(line, 1, 'request');
  if (!found || !line.noMore(found.next)) return;
  const { reply } = found;
  if (reply.status === undefined) {
    line.error('missing-argument', 0, "'http-error' needs a status", "write 'http-error status 503 …'");
    return;
  }
  const at = line.words.findIndex(({ text }) => text === 'status') + 1;
  const status = readStatus(line, at);
  if (status !== undefined) section.proxy.http.errorPages.push({ status, reply, loc: line.whole });
}

/** `errorfiles NAME [STATUS…]`: the section may follow, so the pages come in at the end of reading. */
function readErrorFiles(line: Line, section: ProxySection): void {
  if (!line.need(1, 'the name of an http-errors section')) return;
  const statuses: number[] = [];
  for (let i = 2; line.has(i); i++) {
    const status = readStatus(line, i);
    if (status === undefined) return;
    statuses.push(status);
  }
  section.errorFiles.push({ name: line.text(1), statuses, at: section.proxy.http.errorPages.length, line });
}

/** Puts the pages of `errorfiles` lines in their places; called when all sections are read. */
export function insertErrorFiles({ proxy, errorFiles }: ProxySection, all: readonly HttpErrors[]): void {
  for (const { name, statuses, at, line } of errorFiles.toReversed()) {
    const found = all.find((errors) => errors.name === name);
    if (!found)
      line.error('unknown-http-errors', 1, `there is no section 'http-errors ${name}'`, `add 'http-errors ${name}'`);
    const pages = found?.pages.filter(({ status }) => statuses.length === 0 || statuses.includes(status)) ?? [];
    const missing = statuses.find((status) => !pages.some((page) => page.status === status));
    if (found && missing !== undefined)
      line.warning('unknown-page', 1, `http-errors '${name}' has no page for status ${missing}`, 'add it there');
    proxy.http.errorPages.splice(at, 0, ...structuredClone(pages));
  }
}

/** A section `http-errors`: lines `errorfile`. */
export function openHttpErrors(line: Line, reader: Reader): Section {
  const name = line.text(1);
  if (line.need(1, 'a name')) ignoreRest(line, 2);
  const wrong = /[^A-Za-z0-9_.:-]/.exec(name)?.[0];
  if (wrong)
    line.error('bad-name', 1, `'${wrong}' cannot stand in the name '${name}'`, 'use letters, digits, and - _ . :');
  const own: HttpErrors = { name, pages: [], loc: line.whole };
  if (reader.model.httpErrors.some((other) => other.name === name))
    line.error(
      'duplicate-http-errors',
      1,
      `there are two sections 'http-errors ${name}'`,
      'merge the two, or rename one',
    );
  reader.model.httpErrors.push(own);
  return { name, line: (inner) => readErrorsLine(inner, own), end: () => {} };
}

function readErrorsLine(line: Line, to: HttpErrors): void {
  if (line.text(0) !== 'errorfile') {
    unknownKeyword(line, 'an http-errors section', ['errorfile']);
    return;
  }
  const page = filePage(line);
  if (page) to.pages.push(page);
}
