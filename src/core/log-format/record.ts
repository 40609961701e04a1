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
