/** The persistence cookie in a response: the server's own rewritten or removed, ours inserted or renewed (manual, `cookie`). */
import type { PersistenceCookie } from '../../config/http-model.js';
import { addHeader, findHeader, headerValue, removeRow, replaceValue } from '../../core/http1/headers.js';
import { isCacheable } from '../../core/persistence/cacheable.js';
import { writeDate } from '../../core/persistence/cookie-dates.js';
import { setCookieOf } from '../../core/persistence/cookie-header.js';
import type { BackendEntity, ServerEntity } from '../entities.js';
import type { HttpProgram } from './rules/program.js';
import { cookieOf, nowSeconds } from './server-cookie.js';
import type { Transaction } from './transaction.js';

/** Rewrites, prefixes, removes or inserts the persistence cookie of a server's response. */
export function writeResponseCookies(
  tx: Transaction,
  backend: BackendEntity,
  server: ServerEntity,
  program: HttpProgram,
): void {
  const { cookie } = program.proxy.http;
  if (cookie === undefined || cookie.mode === 'passive') return;
  // Sent elsewhere after all: its server did not answer.
  if (tx.run.persistentServer !== null && tx.run.persistentServer !== server) tx.cookieRequestFlag = 'D';
  const value = cookieOf(server, backend);
  const isDirect = tx.run.persistentServer === server;
  const isKept = treatOwn(tx, cookie, value, isDirect);
  if (cookie.mode !== 'insert' || isKept || tx.run.ignoresPersistence) return;
  if (cookie.onlyPost && tx.request.method !== 'POST') return;
  if (!isDirect || isStale(tx, cookie)) insert(tx, cookie, value, isDirect);
}

/** What the server itself sets under the name. @returns true where that stands */
function treatOwn(tx: Transaction, cookie: PersistenceCookie, value: string | undefined, isDirect: boolean): boolean {
  const { response } = tx;
  let isKept = false;
  for (let row = findHeader(response, 'set-cookie'); row >= 0; row = findHeader(response, 'set-cookie', row)) {
    const text = headerValue(response, row);
    const found = setCookieOf(text, cookie.name);
    if (found === null) continue;
    const flag = fateOf(cookie, value, isDirect);
    tx.cookieResponseFlag = flag;
    isKept ||= flag === 'P' && cookie.preserves === true;
    if (flag === 'D') removeRow(response, row);
    if (flag !== 'R') continue;
    const end = cookie.mode === 'rewrite' ? found.valueFrom + found.value.length : found.valueFrom;
    const mark = cookie.mode === 'rewrite' ? '' : '~';
    replaceValue(response, row, `${cookie.name}=${value}${mark}${text.slice(end)}`);
  }
  return isKept;
}

function fateOf(cookie: PersistenceCookie, value: string | undefined, isDirect: boolean): 'P' | 'D' | 'R' {
  if (cookie.preserves) return 'P';
  if (cookie.mode === 'insert' || (cookie.isIndirect && isDirect)) return 'D';
  return value === undefined ? 'P' : 'R';
}

/** The client's cookie is for this server, and its dates are to be renewed, added or dropped. */
function isStale(tx: Transaction, cookie: PersistenceCookie): boolean {
  const { run } = tx;
  const { maxIdleS = 0, maxLifeS = 0 } = cookie;
  const isDated = maxIdleS > 0 || run.cookieLastS > 0;
  if (isDated && run.cookieLastS < nowSeconds(tx)) return true;
  return maxLifeS > 0 !== run.cookieFirstS > 0;
}

/** A server without a cookie takes the client's away. */
function insert(tx: Transaction, cookie: PersistenceCookie, value: string | undefined, isDirect: boolean): void {
  const { response } = tx;
  const first =
    value === undefined
      ? `${cookie.name}=; Expires=Thu, 01-Jan-1970 00:00:01 GMT`
      : `${cookie.name}=${value}${datesOf(tx, cookie)}`;
  // Asked before our own cookie is there: it is the server's answer that may be kept.
  const isKeepable = cookie.noCache === true && isCacheable(tx.request.method, receivedStatus(tx), response);
  addHeader(response, 'set-cookie', `${first}; path=/${attributesOf(cookie)}`);
  tx.cookieResponseFlag = isDirect ? 'U' : 'I';
  if (isKeepable) addHeader(response, 'cache-control', 'private');
}

function datesOf(tx: Transaction, { maxIdleS = 0, maxLifeS = 0 }: PersistenceCookie): string {
  if (maxIdleS === 0 && maxLifeS === 0) return '';
  const nowS = nowSeconds(tx);
  const last = `|${writeDate(nowS)}`;
  return maxLifeS === 0 ? last : `${last}|${writeDate(tx.run.cookieFirstS || nowS)}`;
}

function attributesOf({ domains = [], httpOnly, secure, attributes = [] }: PersistenceCookie): string {
  const parts = domains.map((domain) => `; domain=${domain}`);
  if (httpOnly) parts.push('; HttpOnly');
  if (secure) parts.push('; Secure');
  for (const attribute of attributes) parts.push(`; ${attribute}`);
  return parts.join('');
}

/** The status in the bytes of the server: a rule may have set another. */
function receivedStatus({ response }: Transaction): number {
  const { bytes, headFrom } = response;
  if (bytes === null) return response.status;
  return (bytes[headFrom + 9] - 48) * 100 + (bytes[headFrom + 10] - 48) * 10 + (bytes[headFrom + 11] - 48);
}
