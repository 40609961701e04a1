import type { HttpMessage } from '../http1/message.js';
import type { LogDates } from '../log-format/dates.js';
import type { LogRecord } from '../log-format/record.js';
import type { PatternFiles } from './pattern-files.js';
import type { Value } from './values.js';

/** The two ends of a connection. 0 = neither IPv4 nor IPv6 (unix sockets). Bytes in network order, IPv4 in the first four. */
export interface Ends {
  readonly sourceFamily: 0 | 4 | 6;
  readonly source: Uint8Array;
  readonly sourcePort: number;
  readonly destinationFamily: 0 | 4 | 6;
  readonly destination: Uint8Array;
  readonly destinationPort: number;
}

/** What layer 4 sample fetches may ask of a connection and of the program. One object is reused for all sessions. */
export interface SampleContext extends Ends {
  /** The connection's own, where rules of the request have set others (`set-src` …). */
  readonly connectionEnds?: Ends;
  /** A PROXY header told the addresses. */
  readonly receivedProxy: boolean;
  readonly frontendName: string;
  readonly frontendId: number;
  readonly listenerName: string;
  readonly listenerId: number;
  readonly frontendConnections: number;
  readonly frontendRate: number;
  readonly processConnections: number;
  /** See core/log-format/connection-errors.ts; 0 = none. */
  readonly connectionError: number;
  readonly processStopping: boolean;
  readonly hostname: string;
  /** Number of the worker, from 0. */
  readonly thread: number;
  /** Of another frontend; undefined = no such frontend. */
  frontend(name: string): FrontendView | undefined;
  /** The backend and server it goes to; '' and 0 before one is chosen. */
  readonly backendName: string;
  readonly backendId: number;
  readonly serverName: string;
  readonly serverId: number;
  /** Ms; 0 none. `isCurrent`: as rules have set it (`set-timeout`). */
  timeout(which: 'client' | 'server' | 'tunnel', isCurrent: boolean): number;
  readonly nowEpochMs: number;
  /** [0, 1) */
  random(): number;
  environment(name: string): string | undefined;
  /** Maps and pattern files as they are now; one that was not loaded is empty. */
  readonly patternFiles: PatternFiles;
  /** Figures of a backend; '' = the frontend's own section. undefined = no such backend. */
  backend(name: string): BackendView | undefined;
  /** What the client has sent and nobody has taken: the first `contentsLength` bytes. */
  readonly contents: Uint8Array;
  readonly contentsLength: number;
  /** The same of what the server has sent: then `contents` holds its bytes. Absent = there is no server yet. */
  readonly responseLength?: number;
  /** Nobody waits for more bytes: what is there decides. */
  readonly isFinal: boolean;
  /** The request and the response in mode http; null where there is none (yet). */
  readonly request: HttpMessage | null;
  readonly response: HttpMessage | null;
  readonly http: HttpView | null;
  /** `proc.`, `sess.`, `txn.`, `req.` and `res.` variables, by their whole name. */
  variable(name: string): Value | undefined;
  setVariable(name: string, value: Value | undefined): void;
  /** Stick counters: what connection and request track (`sc0` is 0), and tables by name. */
  readonly stick: StickView;
  /** What a log line of now would say, for formats in rules (`%ci`, `%b`, `%ID` …); made when it is asked for. */
  logRecord(): LogRecord;
  readonly logDates: LogDates;
  /** Set by fetches whose answer could be another one with more bytes or more time; cleared by who asks them. */
  mayChange: boolean;
}

export interface BackendView {
  readonly usableServers: number;
  readonly connections: number;
  readonly queued: number;
  /** Free slots plus free queue places; -1 = unlimited (manual, `connslots`). */
  readonly freeSlots: number;
  readonly rate: number;
  /** The same without queue places (`be_conn_free`). */
  readonly freeConnections: number;
  serverIsUp(name: string): boolean;
  serverConnections(name: string): number;
  /** undefined = no such server. */
  serverFigure(name: string, figure: ServerFigure): number | undefined;
}

/** `free`: -1 = unlimited. Weights as configured, as set, and in effect. */
export type ServerFigure = 'free' | 'queue' | 'rate' | 'iweight' | 'uweight' | 'weight';

export interface FrontendView {
  readonly connections: number;
  readonly rate: number;
  readonly requestRate: number;
}

/** What of a transaction is not in its messages. */
export interface HttpView {
  /** As received, latin1; '' where there was none that could be read. */
  readonly requestLine: string;
  readonly requestCaptures: readonly (string | null)[];
  readonly responseCaptures: readonly (string | null)[];
  readonly uniqueId: string | null;
  /** Puts text into a slot of `declare capture`, as far as it fits. */
  capture?(which: 'request' | 'response', slot: number, text: string): void;
  /** Bytes of the request's body that are there. */
  readonly body: Uint8Array;
  readonly bodyFrom: number;
  readonly bodyTo: number;
  readonly bodyIsComplete: boolean;
  /** The response is one of the proxy itself. */
  readonly isOwnReply: boolean;
  /** First request of its connection (`http_first_req`). */
  readonly isFirst: boolean;
  /** Users and groups of a `userlist`; undefined = no such list. Checks clear and crypt(3) passwords. */
  authenticate(list: string, user: string, password: string): boolean;
  groupsOf(list: string, user: string): readonly string[];
  /** Server that serves it: '' and 0 before one is chosen. */
  readonly serverName: string;
  readonly serverId: number;
  readonly backendName: string;
  readonly backendId: number;
}

export interface StickView {
  /** A figure of the entry that counter `n` tracks (`conn_cnt`, `gpc0`, …); undefined = tracks nothing, 0 = not stored. */
  counter(n: number, figure: string, index?: number): number | undefined;
  /** The same of a key in a table; '' = the proxy's own table. undefined = no such table. */
  lookup(table: string, key: Value, figure: string, index?: number): number | undefined;
  /** Changes a figure and returns what it was or becomes, as `sc_inc_gpc0` and `sc_clr_gpc0` do. */
  change(n: number, figure: string, by: 'inc' | 'clear', index?: number): number | undefined;
  /** What counter `n` tracks; undefined = nothing. */
  key?(n: number): Value | undefined;
  /** As `change`, of a key in a table. */
  changeOf?(table: string, key: Value, figure: string, by: 'inc' | 'clear', index?: number): number | undefined;
  /** Entries in use and free places of a table (`table_cnt`, `table_avl`). */
  used(table: string): number | undefined;
  available(table: string): number | undefined;
}
