/** The `%x` variables of log-format (manual §8.2.6) of every mode. */
import type { LogDates } from './dates.js';
import type { LogRecord } from './record.js';

export interface Variable {
  /** `text` and `ip` obey +Q and +E, `ip` also +X. `captures` and `list` may print nothing, and the space behind goes. */
  readonly kind: 'text' | 'ip' | 'number' | 'date' | 'captures' | 'list';
  readonly read: (record: LogRecord, dates: LogDates) => string | number;
  /** Digits under +X, for the few numbers that obey it. */
  readonly hexDigits?: number;
  /** What a `list` is made of; each obeys the flags by itself. */
  readonly list?: (record: LogRecord) => readonly (string | null)[];
}

type Read = Variable['read'];

const text = (read: Read): Variable => ({ kind: 'text', read });
const ip = (read: (r: LogRecord) => string): Variable => ({ kind: 'ip', read: (r) => read(r) || '-' });
const number = (read: Read, hexDigits?: number): Variable => ({ kind: 'number', read, hexDigits });
const port = (read: (r: LogRecord) => number): Variable => number((r) => read(r) || '-', 4);
const date = (read: Read): Variable => ({ kind: 'date', read });

/** Time from the connection (of a request: from the response's head) to the end; -1 where that was not reached. */
function dataMs(r: LogRecord): number {
  if (r.connectMs < 0) return -1;
  if (!isHttp(r)) return r.totalMs - Math.max(0, r.queueMs) - r.connectMs;
  const { activeMs, requestMs, responseMs } = r.http;
  if (responseMs < 0) return -1;
  return Math.max(0, activeMs - requestMs - Math.max(0, r.queueMs) - r.connectMs - responseMs);
}

function isHttp(r: LogRecord): boolean {
  return r.http.requestEpochMs > 0;
}

/** Of a request: since the one before it on the same connection. */
function totalMs(r: LogRecord): number {
  return isHttp(r) ? r.handshakeMs + Math.max(0, r.http.idleMs) + r.http.activeMs : r.totalMs;
}

/** As the client saw it: without the time it was idle. */
function userMs(r: LogRecord): number {
  return isHttp(r) ? r.handshakeMs + r.http.activeMs : r.totalMs;
}

function early(r: LogRecord, value: number): string | number {
  return r.early ? `+${value}` : value;
}

export const TCP_ALIASES: { readonly [name: string]: Variable } = {
  B: number((r) => early(r, r.bytesToClient)),
  H: text((r) => r.hostname),
  ID: text((r) => r.http.uniqueId || '-'),
  ST: number((r) => r.http.status),
  T: date((r, d) => d.gmt(r.acceptedEpochMs)),
  Tc: number((r) => r.connectMs),
  Td: number(dataMs),
  Th: number((r) => r.handshakeMs),
  Tl: date((r, d) => d.localZone(r.acceptedEpochMs)),
  Ts: number((r) => Math.floor(r.acceptedEpochMs / 1000), 4),
  Tt: number((r) => early(r, totalMs(r))),
  Tu: number((r) => early(r, userMs(r))),
  Tw: number((r) => r.queueMs),
  U: number((r) => r.bytesToServer),
  ac: number((r) => r.activeConnections),
  b: text((r) => r.backend),
  bc: number((r) => r.backendConnections),
  bi: ip((r) => r.backendIp),
  bp: port((r) => r.backendPort),
  bq: number((r) => r.backendQueue),
  ci: ip((r) => r.clientIp),
  cp: number((r) => r.clientPort, 4),
  f: text((r) => r.frontend),
  fc: number((r) => r.frontendConnections),
  fi: ip((r) => r.frontendIp),
  fp: number((r) => r.frontendPort, 4),
  ft: text((r) => r.frontend),
  lc: number((r) => r.logCount, 4),
  ms: { kind: 'number', read: (r) => String(Math.floor(r.acceptedEpochMs) % 1000).padStart(3, '0'), hexDigits: 2 },
  pid: number((r) => r.pid, 4),
  rc: number((r) => (r.redispatched ? `+${r.retries}` : r.retries)),
  rt: number((r) => r.requestCount, 4),
  s: text((r) => r.server),
  sc: number((r) => r.serverConnections),
  si: ip((r) => r.serverIp),
  sp: port((r) => r.serverPort),
  sq: number((r) => r.serverQueue),
  sslc: text(() => '-'),
  sslv: text(() => '-'),
  t: date((r, d) => d.local(r.acceptedEpochMs)),
  ts: number((r) => r.termination),
};
