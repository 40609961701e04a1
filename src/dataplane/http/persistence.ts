/**
 * Cookie persistence (manual, `cookie` in a backend, `force-persist`, `ignore-persist`): the request's cookie names the
 * server, the response brings the client its cookie. Letters 3 and 4 of the termination code tell what was done
 * (manual §8.5): N none, V valid, I invalid, D its server is down, E idle and O old, U unused; then I inserted,
 * U updated, P the server's own, R rewritten, D deleted.
 */
import type { PersistenceCookie } from '../../config/http-model.js';
import { HOLDS } from '../../core/expr/condition.js';
import type { SampleContext } from '../../core/expr/context.js';
import { findHeader, headerValue, removeRow, replaceValue } from '../../core/http1/headers.js';
import { isOver, readDate } from '../../core/persistence/cookie-dates.js';
import { type FoundCookie, findCookie, withoutCookie } from '../../core/persistence/cookie-header.js';
import { S_STATE, STATE_STOPPED } from '../../core/table.js';
import type { BackendEntity } from '../entities.js';
import type { HttpProgram } from './rules/program.js';
import { anyHolds } from './rules/step.js';
import { cookieOf, nowSeconds } from './server-cookie.js';
import type { Transaction } from './transaction.js';

/** Looks for the persistence cookie and takes it out of the request where the mode says so; fills `tx.run`. */
export function readRequestCookies(
  tx: Transaction,
  backend: BackendEntity,
  program: HttpProgram,
  context: SampleContext,
): void {
  const { cookie } = program.proxy.http;
  const { run } = tx;
  run.isForced = anyHolds(program.forcePersist, context);
  run.ignoresPersistence = anyHolds(program.ignorePersist, context) || usesServer(backend, context);
  if (cookie === undefined) return;
  for (let row = findHeader(tx.request, 'cookie'); row >= 0; row = findHeader(tx.request, 'cookie', row))
    readRow(tx, backend, cookie, row);
  if (run.ignoresPersistence) run.persistentServer = null;
  if (run.ignoresPersistence && tx.cookieRequestFlag !== 'N') tx.cookieRequestFlag = 'U';
  if (cookie.mode === 'passive') tx.cookieRequestFlag = '-';
}

/** `use-server` goes before persistence, as in HAProxy (observed). */
function usesServer(backend: BackendEntity, context: SampleContext): boolean {
  return backend.useServers.some((rule) => rule.when(context) === HOLDS);
}

/** Every cookie of the name in one header; the first that is valid names the server. */
function readRow(tx: Transaction, backend: BackendEntity, cookie: PersistenceCookie, row: number): void {
  const text = headerValue(tx.request, row);
  let header = text;
  for (let found = findCookie(header, cookie.name); found !== null; ) {
    if (tx.run.persistentServer === null) tx.cookieRequestFlag = judge(tx, backend, cookie, found.value);
    const before = header.length;
    header = removes(cookie) ? withoutCookie(header, found) : tidied(header, cookie, found);
    const next = removes(cookie) ? Math.max(0, found.from - 1) : found.to + 1 - (before - header.length);
    found = findCookie(header, cookie.name, next);
  }
  if (header === text) return;
  if (header === '') removeRow(tx.request, row);
  else replaceValue(tx.request, row, header);
}

function removes(cookie: PersistenceCookie): boolean {
  return cookie.mode === 'insert' && cookie.isIndirect === true;
}

/** `SERVER~` goes from what the application set, and blanks around `=`, as in HAProxy (observed). */
function tidied(header: string, cookie: PersistenceCookie, { to, nameFrom, valueFrom, value }: FoundCookie): string {
  const mark = cookie.mode === 'prefix' ? value.indexOf('~') : -1;
  const isTidy = valueFrom - nameFrom === cookie.name.length + 1;
  if (mark < 0 && isTidy) return header;
  const rest = value.slice(mark + 1) + header.slice(valueFrom + value.length, to);
  return `${header.slice(0, nameFrom)}${cookie.name}=${rest}${header.slice(to)}`;
}

/** @returns the flag of a cookie's value; `run.persistentServer` is set where it is V */
function judge(tx: Transaction, backend: BackendEntity, cookie: PersistenceCookie, value: string): string {
  const { run } = tx;
  const [name, last = '', first = ''] = cookie.mode === 'prefix' ? [value.split('~', 1)[0]] : value.split('|');
  run.cookieLastS = readDate(last);
  run.cookieFirstS = readDate(first);
  const nowS = nowSeconds(tx);
  if (isOver(run.cookieLastS, cookie.maxIdleS ?? 0, nowS)) return dated(tx, 'E');
  if (isOver(run.cookieFirstS, cookie.maxLifeS ?? 0, nowS)) return dated(tx, 'O');
  return findServer(tx, backend, name);
}

/** The dates of a cookie that is over are not those of the next one. */
function dated(tx: Transaction, flag: string): string {
  tx.run.cookieLastS = tx.run.cookieFirstS = 0;
  return flag;
}

/** A server that is down is used with `option persist` or `force-persist` all the same, and the flag says D. */
function findServer(tx: Transaction, backend: BackendEntity, name: string): string {
  const { run } = tx;
  for (const server of backend.servers) {
    if (server.retired || name === '' || cookieOf(server, backend) !== name) continue;
    const isUp = server.cells.row.get(S_STATE) !== STATE_STOPPED;
    if (isUp || run.isForced || backend.proxy.options.persist === true) run.persistentServer = server;
    return isUp ? 'V' : 'D';
  }
  return 'I';
}
