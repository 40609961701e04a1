/** What a log line of mode http says of its request (manual §8.2.3). One object is filled anew for every line. */
import { type HttpLogRecord, NO_HTTP } from '../../core/log-format/record.js';
import type { Session } from '../session.js';
import type { Transaction } from './transaction.js';
import { uniqueIdOf } from './unique-id.js';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const record: Writable<HttpLogRecord> = { ...NO_HTTP };

export function httpRecord(session: Session, tx: Transaction): HttpLogRecord {
  const { worker } = session;
  const now = worker.reactor.nowMs;
  record.requestLine = tx.requestLine;
  record.status = tx.status > 0 ? tx.status : -1;
  record.uniqueId = uniqueIdOf(tx) ?? '';
  record.requestEpochMs = tx.startedMs + worker.epochOffsetMs;
  record.idleMs = Math.round(tx.startedMs - session.http!.idleSinceMs);
  record.requestMs = tx.headMs > 0 ? Math.round(tx.headMs - tx.startedMs) : -1;
  record.responseMs =
    tx.run.service !== null ? 0 : tx.responseMs > 0 ? Math.round(tx.responseMs - session.establishedMs) : -1;
  record.activeMs = Math.round(now - tx.startedMs);
  record.requestCookie = tx.requestCookie;
  record.responseCookie = tx.responseCookie;
  record.cookieFlags = tx.cookieRequestFlag + tx.cookieResponseFlag;
  record.requestCaptures = tx.requestCaptures;
  record.responseCaptures = tx.responseCaptures;
  return record;
}
