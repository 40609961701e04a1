/** The `%x` variables of log-format (manual §8.2.6): those of tcp mode as functions, those of http mode by name. */
import type { LogDates } from './dates.js';
import type { LogRecord } from './record.js';

export type LogField = (record: LogRecord, dates: LogDates) => string | number;

/** Address aliases: hexadecimal with the +X flag. */
export const ADDRESS_ALIASES = new Set(['ci', 'fi', 'bi', 'si']);
/** Aliases whose text is quoted by +Q. */
export const STRING_ALIASES = new Set([
  'ft',
  'f',
  'b',
  's',
  'H',
  'ID',
  'hr',
  'hs',
  'hrl',
  'hsl',
  't',
  'T',
  'Tl',
  'ts',
  'sslc',
  'sslv',
]);

const orDash = (text: string) => (text === '' ? '-' : text);

export const TCP_ALIASES: { readonly [name: string]: LogField } = {
  '%': () => '%',
  B: (r) => r.bytesToClient,
  H: (r) => r.hostname,
  ID: () => '-',
  ST: () => 0,
  T: (r, d) => d.gmt(r.acceptedEpochMs),
  Tc: (r) => r.connectMs,
  Td: (r) => (r.connectMs < 0 ? r.totalMs : r.totalMs - Math.max(0, r.queueMs) - r.connectMs),
  Th: (r) => r.handshakeMs,
  Tl: (r, d) => d.localZone(r.acceptedEpochMs),
  Ts: (r) => Math.floor(r.acceptedEpochMs / 1000),
  Tt: (r) => (r.early ? `+${r.totalMs}` : r.totalMs),
  Tu: (r) => (r.early ? `+${r.totalMs}` : r.totalMs),
  Tw: (r) => r.queueMs,
  U: (r) => r.bytesToServer,
  ac: (r) => r.activeConnections,
  b: (r) => r.backend,
  bc: (r) => r.backendConnections,
  bi: (r) => orDash(r.backendIp),
  bp: (r) => r.backendPort,
  bq: (r) => r.backendQueue,
  ci: (r) => r.clientIp,
  cp: (r) => r.clientPort,
  f: (r) => r.frontend,
  fc: (r) => r.frontendConnections,
  fi: (r) => r.frontendIp,
  fp: (r) => r.frontendPort,
  ft: (r) => r.frontend,
  hr: () => '',
  hrl: () => '',
  hs: () => '',
  hsl: () => '',
  lc: (r) => r.logCount,
  ms: (r) => String(Math.floor(r.acceptedEpochMs) % 1000).padStart(3, '0'),
  o: () => '',
  pid: (r) => r.pid,
  rc: (r) => (r.redispatched ? `+${r.retries}` : r.retries),
  rt: (r) => r.requestCount,
  s: (r) => r.server,
  sc: (r) => r.serverConnections,
  si: (r) => orDash(r.serverIp),
  sp: (r) => r.serverPort,
  sq: (r) => r.serverQueue,
  sslc: () => '-',
  sslv: () => '-',
  t: (r, d) => d.local(r.acceptedEpochMs),
  ts: (r) => r.termination,
};

/** Reserved for `mode http`; HAProxy refuses them in a tcp proxy. */
export const HTTP_ALIASES = new Set([
  'CC',
  'CS',
  'HM',
  'HP',
  'HPO',
  'HQ',
  'HU',
  'HV',
  'Ta',
  'Ti',
  'Tq',
  'TR',
  'Tr',
  'r',
  'tr',
  'trg',
  'trl',
  'tsc',
]);
