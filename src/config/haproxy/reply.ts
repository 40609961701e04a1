/** Answers written into rules: `return`, `deny`, `tarpit` and `http-error` (manual §4.2, `http-request return`). */
import { readFileSync } from 'node:fs';
import type { Reply } from '../model.js';
import type { Stage } from './availability.js';
import { checkFormat, readFormat } from './expression.js';
import type { Line } from './line.js';

/** Statuses that have a page of their own, which `errorfile` and its kind may replace. */
export const PAGE_STATUSES = [
  200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 421, 422, 425, 429, 500, 501, 502, 503, 504,
];

const BODIES = ['string', 'lf-string', 'file', 'lf-file', 'errorfile', 'errorfiles', 'default-errorfiles'];

/** @returns the answer and the first word behind it; undefined after a complaint */
export function readReply(line: Line, from: number, stage: Stage): { reply: Reply; next: number } | undefined {
  const reply: Reply = {};
  let body: string | undefined;
  let i = from;
  while (line.has(i)) {
    const word = line.text(i);
    if (BODIES.includes(word)) {
      if (body !== undefined) return refuse(line, i, `'${word}' follows '${body}': an answer has one body`);
      body = word;
    }
    const next = readPart(line, i, reply, stage);
    if (next === undefined) return undefined;
    if (next === i) break;
    i = next;
  }
  return settle(line, from, reply, body) ? { reply, next: i } : undefined;
}

/** @returns the first word behind the part; `i` itself where no part begins */
function readPart(line: Line, i: number, reply: Reply, stage: Stage): number | undefined {
  switch (line.text(i)) {
    case 'status':
    case 'deny_status':
      return readStatus(line, i, reply);
    case 'content-type':
      reply.contentType = line.text(i + 1);
      return needs(line, i, 'a type') ? i + 2 : undefined;
    case 'default-errorfiles':
      reply.isDefaultErrorFiles = true;
      return i + 1;
    case 'errorfiles':
      reply.errorFiles = line.text(i + 1);
      return needs(line, i, 'the name of an http-errors section') ? i + 2 : undefined;
    case 'errorfile':
      return readRaw(line, i, reply);
    case 'string':
    case 'lf-string':
    case 'file':
    case 'lf-file':
      return readBody(line, i, reply, stage);
    case 'hdr':
      return readHeader(line, i, reply, stage);
    default:
      return i;
  }
}

function readStatus(line: Line, i: number, reply: Reply): number | undefined {
  if (!needs(line, i, 'a status')) return undefined;
  reply.status = line.integer(i + 1, 'the status', { min: 200, max: 599 });
  return reply.status === undefined ? undefined : i + 2;
}

function readHeader(line: Line, i: number, reply: Reply, stage: Stage): number | undefined {
  if (!line.has(i + 1) || line.words[i + 2] === undefined)
    return refuse(line, i, "'hdr' needs a name and a value", "write 'hdr NAME VALUE'");
  const value = readFormat(line, i + 2, stage);
  if (value === undefined) return undefined;
  reply.headers = [...(reply.headers ?? []), { name: line.text(i + 1), value }];
  return i + 3;
}

function readBody(line: Line, i: number, reply: Reply, stage: Stage): number | undefined {
  const word = line.text(i);
  if (line.words[i + 1] === undefined) return refuse(line, i, `'${word}' needs a value`, 'write it behind');
  const isFile = word.endsWith('file');
  const text = isFile ? readBytes(line, i + 1) : line.text(i + 1);
  if (text === undefined) return undefined;
  if (isFile) reply.file = line.text(i + 1);
  if (!word.startsWith('lf-')) reply.body = { kind: 'text', text: isFile ? text : toLatin1(text) };
  else if (!isFormat(line, i + 1, text, stage)) return undefined;
  else reply.body = { kind: 'format', value: text };
  return i + 2;
}

function isFormat(line: Line, i: number, text: string, stage: Stage): boolean {
  return checkFormat(line, i, text, stage) !== undefined;
}

/** One character a byte, as files are read. */
function toLatin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function readRaw(line: Line, i: number, reply: Reply): number | undefined {
  if (!needs(line, i, 'a file')) return undefined;
  const raw = readMessage(line, i + 1);
  if (raw === undefined) return undefined;
  reply.raw = raw;
  reply.file = line.text(i + 1);
  return i + 2;
}

/** What of an answer makes no sense together. */
function settle(line: Line, from: number, reply: Reply, body: string | undefined): boolean {
  if (reply.body !== undefined && reply.contentType === undefined && bodyText(reply) !== '') {
    line.error('missing-argument', from, 'the answer has a body and no type', "write 'content-type text/plain'");
    return false;
  }
  const isPage = body?.includes('errorfile') === true;
  if (reply.contentType !== undefined && reply.body === undefined)
    line.warning('ignored-argument', from, "'content-type' has no effect: the answer has no body", 'remove it');
  if (isPage && reply.headers !== undefined)
    line.warning('ignored-argument', from, "'hdr' has no effect beside an error page", 'remove it');
  return true;
}

function bodyText({ body }: Reply): string {
  return body === undefined ? '' : body.kind === 'text' ? body.text : body.value;
}

/** Bytes of the file that word `i` names, latin1; undefined after a complaint. */
function readBytes(line: Line, i: number): string | undefined {
  const path = line.text(i);
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    line.error('unreadable-file', i, `cannot read '${path}' (${reason})`, 'check the path and its permissions');
    return undefined;
  }
}

const HEAD = /^HTTP\/\d\.\d \d{3}( [^\r\n]*)?\r?\n([!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n]*\r?\n)*\r?\n/;

/** A whole message of a file, as `errorfile` has it; an empty file is none at all: the connection is closed silently. */
export function readMessage(line: Line, i: number): string | undefined {
  const raw = readBytes(line, i);
  if (raw === undefined || raw === '' || HEAD.test(raw)) return raw;
  return refuse(
    line,
    i,
    `'${line.text(i)}' is not an HTTP response: a status line, headers, an empty line and a body`,
    "begin it with 'HTTP/1.0 503 Service Unavailable'",
  );
}

function needs(line: Line, i: number, what: string): boolean {
  if (line.has(i + 1)) return true;
  line.error('missing-argument', i, `'${line.text(i)}' needs ${what}`, `write it after '${line.text(i)}'`);
  return false;
}

function refuse(line: Line, i: number, message: string, remedy = 'remove it'): undefined {
  line.error('bad-reply', i, message, remedy);
}
