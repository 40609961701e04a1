/** What is known of a finished (or, with `logasap`, begun) session when its line is written. One object is reused. */
export interface LogRecord {
  clientIp: string;
  clientPort: number;
  /** Where the client connected to. */
  frontendIp: string;
  frontendPort: number;
  /** Our own end of the connection to the server. */
  backendIp: string;
  backendPort: number;
  serverIp: string;
  serverPort: number;
  frontend: string;
  backend: string;
  /** `<NOSRV>` where none was reached. */
  server: string;
  acceptedEpochMs: number;
  /** Milliseconds; -1 where that point was not reached. */
  handshakeMs: number;
  queueMs: number;
  connectMs: number;
  totalMs: number;
  bytesToClient: number;
  bytesToServer: number;
  /** Two characters, manual §8.5. */
  termination: string;
  /** Of mode http (manual §8.2.3); in mode tcp as a record begins: '', -1, 0 or empty. */
  http: Readonly<HttpLogRecord>;
  activeConnections: number;
  frontendConnections: number;
  backendConnections: number;
  serverConnections: number;
  retries: number;
  redispatched: boolean;
  serverQueue: number;
  backendQueue: number;
  /** Lines logged by this frontend, and sessions of the process. */
  logCount: number;
  requestCount: number;
  pid: number;
  hostname: string;
  /** Totals are still running (`option logasap`). */
  early: boolean;
}

/** What only a request has. Texts are as received, latin1; the format escapes what cannot be printed. */
export interface HttpLogRecord {
  /** `GET /a?b HTTP/1.1`; '' is printed as `<BADREQ>`. */
  requestLine: string;
  /** Sent to the client; -1 none, 0 in mode tcp. */
  status: number;
  uniqueId: string;
  /** Ms since the epoch when the first byte of the request came (%tr). */
  requestEpochMs: number;
  /** Ms; -1 where that point was not reached. %Ti, %TR, %Tr, %Ta; %Td counts from them. */
  idleMs: number;
  requestMs: number;
  responseMs: number;
  activeMs: number;
  /** `NAME=VALUE`; '' is printed as `-`. */
  requestCookie: string;
  responseCookie: string;
  /** Letters 3 and 4 of %tsc. */
  cookieFlags: string;
  /** By slot; null = not captured. Empty where no capture is configured. */
  requestCaptures: readonly (string | null)[];
  responseCaptures: readonly (string | null)[];
}

/** Those of mode tcp. */
export const NO_HTTP: Readonly<HttpLogRecord> = {
  requestLine: '',
  status: 0,
  uniqueId: '',
  requestEpochMs: 0,
  idleMs: -1,
  requestMs: -1,
  responseMs: -1,
  activeMs: -1,
  requestCookie: '',
  responseCookie: '',
  cookieFlags: '--',
  requestCaptures: [],
  responseCaptures: [],
};

/** Of no session at all, for formats that do not look. */
export const NO_RECORD: Readonly<LogRecord> = {
  clientIp: '',
  clientPort: 0,
  frontendIp: '',
  frontendPort: 0,
  backendIp: '',
  backendPort: 0,
  serverIp: '',
  serverPort: 0,
  frontend: '',
  backend: '',
  server: '',
  acceptedEpochMs: 0,
  handshakeMs: -1,
  queueMs: -1,
  connectMs: -1,
  totalMs: -1,
  bytesToClient: 0,
  bytesToServer: 0,
  termination: '--',
  http: NO_HTTP,
  activeConnections: 0,
  frontendConnections: 0,
  backendConnections: 0,
  serverConnections: 0,
  retries: 0,
  redispatched: false,
  serverQueue: 0,
  backendQueue: 0,
  logCount: 0,
  requestCount: 0,
  pid: 0,
  hostname: '',
  early: false,
};
