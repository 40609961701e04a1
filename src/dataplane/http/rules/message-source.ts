/** From a configured reply, error page or error file to the bytes of a message. */
import type { ErrorPage, Model, Proxy, Reply } from '../../../config/model.js';
import { bytesOf as inBytes } from '../../../core/expr/bytes-of.js';
import { reasonOf } from '../../../core/http1/reasons.js';
import { compileFormat } from '../../../core/log-format/format.js';
import { constant, page, type Source } from './answer.js';
import { bytesOf, safeValue } from './text.js';

/** @param status the one that holds where the reply writes none */
export function replySource(reply: Reply, status: number, model: Model): Source {
  if (reply.raw !== undefined) return constant(bytesOf(withCrlf(reply.raw)));
  if (reply.errorFiles !== undefined) return sectionSource(reply.errorFiles, status, model);
  if (reply.isDefaultErrorFiles) return (tx, context) => page(tx, context, status);
  return messageSource(reply, status);
}

/** The page of an `http-errors` section; where it has none, the proxy's. */
function sectionSource(name: string, status: number, model: Model): Source {
  const section = model.httpErrors.find((each) => each.name === name);
  const found = section?.pages.findLast((each) => each.status === status);
  const source = found && errorPageSource(found, model);
  return source ?? ((tx, context) => page(tx, context, status));
}

/** Headers of the rule, then length and type, as HAProxy orders them. */
function messageSource({ headers = [], body, contentType }: Reply, status: number): Source {
  const first = `HTTP/1.1 ${status} ${reasonOf(status)}\r\n`;
  const formats = headers.map(({ name, value }) => ({ name, print: compileFormat(value) }));
  const type = body !== undefined && contentType !== undefined ? `content-type: ${inBytes(contentType)}\r\n` : '';
  const text = body?.kind === 'format' ? compileFormat(body.value) : () => (body === undefined ? '' : body.text);
  return (_, context) => {
    const content = bytesOf(text(context));
    let head = first;
    for (const { name, print } of formats) head += headerLine(name, safeValue(print(context)));
    if (status !== 204) head += `content-length: ${content.length}\r\n`;
    return Buffer.concat([bytesOf(`${head}${type}\r\n`), content]);
  };
}

/** A header without a value is left out, as in HAProxy (observed). */
function headerLine(name: string, value: string): string {
  return value === '' ? '' : `${name}: ${value}\r\n`;
}

/** `errorfile`, `errorloc`, `http-error`. @returns null where the line takes an earlier page back */
function errorPageSource({ status, raw, location, reply }: ErrorPage, model: Model): Source | null {
  if (raw !== undefined) return constant(bytesOf(withCrlf(raw)));
  if (location !== undefined) return constant(bytesOf(redirection(location.url, location.code)));
  if (reply === undefined || reply.isDefaultErrorFiles) return null;
  return replySource(reply, reply.status ?? status, model);
}

function redirection(url: string, code: 302 | 303): string {
  const reason = code === 302 ? 'Found' : 'See Other';
  return `HTTP/1.1 ${code} ${reason}\r\ncache-control: no-cache\r\ncontent-length: 0\r\nlocation: ${inBytes(url)}\r\n\r\n`;
}

/** Lines of a head that end with LF alone are taken as ended properly: people write error files with editors. */
function withCrlf(text: string): string {
  const end = /\r?\n\r?\n/.exec(text);
  if (end === null) return text;
  const head = text.slice(0, end.index).replace(/\r?\n/g, '\r\n');
  return `${head}\r\n\r\n${text.slice(end.index + end[0].length)}`;
}

/** Pages of a proxy by status; of several lines for one status the last counts. */
export function compilePages(proxy: Proxy, model: Model): Map<number, Source> {
  const pages = new Map<number, Source>();
  for (const one of proxy.http.errorPages) {
    const source = errorPageSource(one, model);
    if (source === null) pages.delete(one.status);
    else pages.set(one.status, source);
  }
  return pages;
}

/** Those that are sent before there is a request: error files only (manual, `http-error`). */
export function compileRawPages(proxy: Proxy): Map<number, Uint8Array> {
  const pages = new Map<number, Uint8Array>();
  for (const { status, raw, location } of proxy.http.errorPages) {
    if (raw !== undefined) pages.set(status, bytesOf(raw));
    else if (location !== undefined) pages.set(status, bytesOf(redirection(location.url, location.code)));
    else pages.delete(status);
  }
  return pages;
}
