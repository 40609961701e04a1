/**
 * The log line of a session: fills the record that log formats read, and sends the line from the worker itself, so that
 * logging costs the main thread nothing. Formats and targets are the frontend's (manual §8.2).
 */
import { hostname } from 'node:os';
import type { LogLevel, Model, Proxy } from '../config/model.js';
import { connectionErrorText, isSilentError } from '../core/log-format/connection-errors.js';
import { LogDates } from '../core/log-format/dates.js';
import {
  CLF_LOG_FORMAT,
  compileLogFormat,
  DEFAULT_HTTP_LOG_TEXT,
  DEFAULT_LOG_TEXT,
  HTTP_LOG_FORMAT,
  HTTPS_LOG_FORMAT,
  TCP_LOG_FORMAT,
} from '../core/log-format/log-format.js';
import { type LogRecord, NO_HTTP, NO_RECORD } from '../core/log-format/record.js';
import type { ServiceRequest } from '../core/messages.js';
import * as T from '../core/table.js';
import { SockAddr } from '../linux/sockaddr.js';
import { getsockname } from '../linux/syscalls.js';
import { LogSink } from '../logs/log-sink.js';
import { clientPort, hostText } from './connection-log.js';
import type { FrontendEntity } from './entities.js';
import { httpRecord } from './http/http-log.js';
import type { Transaction } from './http/transaction.js';
import { destinationOf } from './proxy-header.js';
import type { Session } from './session.js';
import type { DataplaneWorker } from './worker-context.js';

const HOSTNAME = hostname();
export const dates = new LogDates(-new Date().getTimezoneOffset());
const ourEnd = new SockAddr();

const record: LogRecord = { ...NO_RECORD, pid: process.pid, hostname: HOSTNAME };

/** Gives each frontend its targets and its format; equal target lists share their sockets. */
export function configureLogs(worker: DataplaneWorker, model: Model): void {
  const sinks = new Map<string, LogSink>();
  const old = new Set([...worker.frontends.values()].map((f) => f.logs));
  dates.offsetMinutes = -new Date().getTimezoneOffset();
  for (const frontend of worker.frontends.values()) {
    frontend.logs = sinkFor(frontend.proxy, model, sinks);
    frontend.format = compileLogFormat(formatText(frontend.proxy), { mode: frontend.proxy.mode }).format;
    const { errorLogFormat } = frontend.proxy.http;
    frontend.errorFormat =
      errorLogFormat === undefined ? null : compileLogFormat(errorLogFormat, { mode: frontend.proxy.mode }).format;
    frontend.wantsDestination =
      /%(\{[^}]*\})?(fi|fp|\[dst|\[fc_dst)/.test(formatText(frontend.proxy)) || !frontend.proxy.logStyle;
    frontend.logsAtAccept = frontend.proxy.logStyle === undefined;
    frontend.logsAtConnect = frontend.proxy.options.logasap === true && !frontend.logsAtAccept;
    frontend.wantsOurEnd = /%(\{[^}]*\})?(bi|bp)/.test(formatText(frontend.proxy));
  }
  for (const sink of old) sink?.close();
}

function sinkFor(proxy: Proxy, model: Model, sinks: Map<string, LogSink>): LogSink | null {
  if (proxy.logs.length === 0) return null;
  const tag = proxy.logTag ?? model.global.logTag ?? 'haproxy';
  const key = JSON.stringify([tag, proxy.logs.map((l) => ({ ...l, loc: undefined, at: undefined }))]);
  const known = sinks.get(key);
  if (known) return known;
  const sendHostname = model.global.logSendHostname;
  const sink = new LogSink(proxy.logs, { tag, pid: process.pid, sendHostname, hostname: HOSTNAME }, 'latin1');
  sinks.set(key, sink);
  return sink;
}

function formatText(proxy: Proxy): string {
  if (proxy.logStyle === 'format' && proxy.logFormat !== undefined) return proxy.logFormat;
  const isHttp = proxy.mode === 'http';
  if (proxy.logStyle === undefined) return isHttp ? DEFAULT_HTTP_LOG_TEXT : DEFAULT_LOG_TEXT;
  // `option httplog` in a tcp proxy logs as tcplog (manual, `option httplog`).
  if (!isHttp || proxy.logStyle === 'tcplog') return TCP_LOG_FORMAT;
  if (proxy.logStyle === 'httplog-clf') return CLF_LOG_FORMAT;
  return proxy.logStyle === 'httpslog' ? HTTPS_LOG_FORMAT : HTTP_LOG_FORMAT;
}

/** Writes the line unless an option says that this one is not wanted. Called once, when the session ends. */
export function writeSessionLog(session: Session, side: string, phase: string): void {
  const { options } = session.frontend.proxy;
  const normal = side === '-' && !session.redispatched && retriesUsed(session) === 0;
  if (options.dontlognull && !session.earlyLogged && session.toServer.bytes === 0) return;
  if (options.dontlogNormal && normal) return;
  if (session.logLevel === 'silent') return;
  write(session, side + phase, session.logLevel ?? (options.logSeparateErrors && !normal ? 'err' : 'info'));
}

/** The line of a request in mode http. */
export function writeRequestLog(session: Session, tx: Transaction, termination: string): void {
  const { options } = session.frontend.proxy;
  if (tx.logLevel === 'silent') return;
  const normal = isNormal(session, tx, termination);
  if (options.dontlogNormal && normal) return;
  write(session, termination, tx.logLevel ?? (options.logSeparateErrors && !normal ? 'err' : 'info'));
}

/** A 5xx is no normal end, whoever made it (manual, `option dontlog-normal`). */
function isNormal(session: Session, tx: Transaction, termination: string): boolean {
  return termination === '--' && tx.status < 500 && !session.redispatched && retriesUsed(session) === 0;
}

/** A connection that was not let in (manual §8.2.5). */
export function writeConnectionError(session: Session): void {
  const { frontend, worker, listener, connectionError } = session;
  const { options } = frontend.proxy;
  if (options.dontlognull && isSilentError(connectionError)) return;
  const level = options.logSeparateErrors ? 'err' : 'info';
  if (frontend.errorFormat !== null) {
    write(session, '--', level, frontend.errorFormat);
    return;
  }
  const who = `${hostText(session.source)}:${clientPort(session)}`;
  const where = `${frontend.name}/${listener.bind.name ?? listener.bind.id ?? 1}`;
  const line = `${who} [${dates.local(session.acceptedEpochMs)}] ${where}: ${connectionErrorText(connectionError)}`;
  frontend.logs!.send(level, line, worker.reactor.nowMs + worker.epochOffsetMs);
}

/** The default line names only who came: it is written when a client is let in, whatever the options say. */
export function writeAcceptLog(session: Session): void {
  write(session, '--', 'info');
}

function write(session: Session, termination: string, level: LogLevel, format = session.frontend.format!): void {
  const { frontend, worker } = session;
  fill(session, frontend, termination);
  const sink = frontend.logs!;
  sink.send(
    level,
    format(record, dates, worker.sampleContext(session, true, session.http?.transaction ?? null)),
    worker.reactor.nowMs + worker.epochOffsetMs,
  );
  worker.process.f64[worker.process.c + T.C_DROPPED_LOGS] += sink.dropped;
  sink.dropped = 0;
}

/** What a line of now would say, for formats in rules. The one record is filled anew by every call. */
export function recordNow(session: Session): LogRecord {
  fill(session, session.frontend, '--');
  session.frontend.logCount--; // only lines count
  const to = destinationOf(session);
  record.frontendIp = hostText(to);
  record.frontendPort = to.port;
  return record;
}

function retriesUsed(session: Session): number {
  return session.backend === null ? 0 : Math.max(0, session.backend.retries - session.retriesLeft);
}

function fill(session: Session, frontend: FrontendEntity, termination: string): void {
  const { backend, worker } = session;
  const now = worker.reactor.nowMs;
  const connected = session.establishedMs > 0;
  record.clientIp = hostText(session.source);
  record.clientPort = clientPort(session);
  record.frontend = frontend.name;
  record.backend = backend?.name ?? frontend.name;
  record.server = session.lastServer?.name ?? '<NOSRV>';
  record.acceptedEpochMs = session.acceptedEpochMs;
  record.handshakeMs = 0;
  record.queueMs = queueMs(session, now);
  record.connectMs = connected ? Math.round(session.establishedMs - session.connectMs) : -1;
  record.totalMs = Math.round(now - session.acceptedMs);
  record.bytesToClient = session.toClient.bytes;
  record.bytesToServer = session.toServer.bytes;
  const tx = session.http === null ? null : session.http.transaction;
  if (tx !== null && tx.run.service !== null) servedBy(tx.run.service);
  record.http = tx !== null ? httpRecord(session, tx) : withoutHttp(session);
  record.termination = termination; // after the unique id, whose format may have asked for a record of its own
  record.early = frontend.proxy.options.logasap === true;
  fillCounts(session, frontend);
  fillAddresses(session, frontend);
}

const SERVICE_NAMES = { stats: '<STATS>', prometheus: '<PROMEX>' };

/** Services are logged as servers that are reached at once, as in HAProxy. */
function servedBy({ service }: ServiceRequest): void {
  record.server = SERVICE_NAMES[service];
  record.queueMs = record.connectMs = 0;
}

/** A connection in mode tcp may have captured something of what its client sent. */
function withoutHttp({ captures }: Session): LogRecord['http'] {
  return captures.length === 0 ? NO_HTTP : { ...NO_HTTP, requestCaptures: captures };
}

/** Time in the queue, and before it under inspection: until the first connection attempt, or until now for one that waited in vain; -1 = never queued. */
function queueMs(session: Session, now: number): number {
  if (session.http?.transaction?.run.end === 'PT') return Math.round(now - session.admittedMs); // tarpit
  if (session.connectMs > 0) return Math.round(session.connectMs - session.admittedMs);
  return session.serverQueuePosition + session.backendQueuePosition > 0 ? Math.round(now - session.admittedMs) : -1;
}

/** Gauges of backend and server leave out a session that ends and count one that begins, as in HAProxy. */
function fillCounts(session: Session, frontend: FrontendEntity): void {
  const { worker, backend, server, lastServer } = session;
  record.activeConnections = worker.process.row.get(T.I_CUR_SESS);
  record.frontendConnections = frontend.cells.row.get(T.I_CUR_SESS);
  const own = session.earlyLogged ? 0 : 1;
  record.backendConnections = backend === null ? 0 : backend.cells.row.get(T.I_CUR_SESS) - own;
  const onServer = lastServer === null ? 0 : lastServer.cells.row.get(T.I_CUR_SESS);
  record.serverConnections = server === null ? onServer : onServer - own;
  record.retries = retriesUsed(session);
  record.redispatched = session.redispatched;
  record.serverQueue = session.serverQueuePosition;
  record.backendQueue = session.backendQueuePosition;
  record.logCount = frontend.logCount++;
  record.requestCount = session.http?.transaction?.sequence ?? Math.floor(session.id / 256);
}

function fillAddresses(session: Session, frontend: FrontendEntity): void {
  const address = session.lastServer?.address;
  record.serverIp = address && address.length > 0 ? hostText(address) : '';
  record.serverPort = address?.port ?? 0;
  if (frontend.wantsDestination) {
    const to = destinationOf(session);
    record.frontendIp = hostText(to);
    record.frontendPort = to.port;
  }
  if (!frontend.wantsOurEnd) return;
  ourEnd.prepare();
  const known = session.serverFd >= 0 && getsockname(session.serverFd, ourEnd.ptr, ourEnd.lengthPtr) === 0;
  record.backendIp = known ? hostText(ourEnd) : '';
  record.backendPort = known ? ourEnd.port : 0;
}
