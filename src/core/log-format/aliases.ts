/** The `%x` variables of log-format (manual §8.2.6): those of tcp mode, and the names of those of http mode. */
import type { LogDates } from './dates.js';
import type { LogRecord } from './record.js';

export interface Variable {
  /** `text` and `ip` obey +Q and +E, `ip` also +X; `nothing` never prints in tcp mode. */
  readonly kind: 'text' | 'ip' | 'number' | 'date' | 'nothing';
  readonly read: (record: LogRecord, dates: LogDates) => string | number;
  /** Digits under +X, for the few numbers that obey it. */
  readonly hexDigits?: number;
}

type Read = Variable['read'];

const text = (read: Read): Variable => ({ kind: 'text', read });
const ip = (read: (r: LogRecord) => string): Variable => ({ kind: 'ip', read: (r) => read(r) || '-' });
const number = (read: Read, hexDigits?: number): Variable => ({ kind: 'number', read, hexDigits });
const port = (read: (r: LogRecord) => number): Variable => number((r) => read(r) || '-', 4);
const date = (read: Read): Variable => ({ kind: 'date', read });
const NOTHING: Variable = { kind: 'nothing', read: () => '' };

/** Time from the connection to the end; -1 without a connection. */
function dataMs(r: LogRecord): number {
  return r.connectMs < 0 ? -1 : r.totalMs - Math.max(0, r.queueMs) - r.connectMs;
}

function early(r: LogRecord, value: number): string | number {
  return r.early ? `+${value}` : value;
}

export const TCP_ALIASES: { readonly [name: string]: Variable } = {
  B: number((r) => early(r, r.bytesToClient)),
  H: text((r) => r.hostname),
  ID: text(() => '-'),
  ST: number(() => 0),
  T: date((r, d) => d.gmt(r.acceptedEpochMs)),
  Tc: number((r) => r.connectMs),
  Td: number(dataMs),
  Th: number((r) => r.handshakeMs),
  Tl: date((r, d) => d.localZone(r.acceptedEpochMs)),
  Ts: number((r) => Math.floor(r.acceptedEpochMs / 1000), 4),
  Tt: number((r) => early(r, r.totalMs)),
  Tu: number((r) => early(r, r.totalMs)),
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
  hr: NOTHING,
  hrl: NOTHING,
  hs: NOTHING,
  hsl: NOTHING,
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

/** Reserved for `mode http`; HAProxy refuses them in a tcp proxy. */
export const HTTP_ALIASES = new Set('CC CS HM HP HPO HQ HU HV Ta Ti Tq TR Tr r tr trg trl tsc'.split(' '));
