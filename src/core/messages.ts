/**
 * What threads say to each other. Types only. State and figures do not travel in messages: they are in the shared
 * table (core/table.ts). After posting to a worker or to the health thread the sender writes 1 to its eventfd, because
 * the thread sleeps in epoll_wait.
 */

import type { Model } from '../config/model.js';
import type { EventDetail, ServerNow } from './events/event.js';
import type { DampingNote } from './health/damping.js';
import type { RowRef, Segment } from './table.js';
import type { VrrpState } from './vrrp/types.js';

/** A configuration to run: the model and where each entity's row is. */
export interface Plan {
  /** Rises with every applied configuration. */
  readonly revision: number;
  readonly model: Model;
  readonly segments: Segment[];
  /** By `rowKey.*`. Every frontend, backend, listener and server of the model has one, and `process`. */
  readonly rows: { [key: string]: RowRef };
  /**
   * Listening descriptors, opened (or kept, or inherited) by the main thread: one list per bind key
   * (`rowKey.listener`). With SO_REUSEPORT there is one descriptor per worker (worker i takes number i modulo length);
   * otherwise one that all workers share with EPOLLEXCLUSIVE.
   */
  readonly listeners: { [bindKey: string]: number[] };
  /** Memory of the stick tables, by the name of their proxy. A table that stays as it is keeps it over a reload. */
  readonly tables: { readonly [proxy: string]: SharedArrayBuffer };
  /** eventfds of the threads: `workers[i]` and `health`. */
  readonly wake: { readonly workers: number[]; readonly health: number };
}

/** What a thread gets as `workerData`. */
export interface ThreadData {
  readonly role: 'dataplane' | 'health' | 'vip';
  /** Worker number, 0-based; 0 for the others. */
  readonly index: number;
  readonly wakeFd: number;
}

/** What a worker cannot answer itself without delaying others: the statistics page and the metrics, made by main. */
export interface ServiceRequest {
  readonly service: 'stats' | 'prometheus';
  /** The proxy whose `stats` settings hold. */
  readonly proxy: string;
  readonly method: string;
  /** As sent, with its query. */
  readonly target: string;
  readonly host: string;
  readonly origin: string;
  readonly referer: string;
  readonly secFetchSite: string;
  /** Form of a POST, latin1. */
  readonly body: string;
  /** The form was longer than the buffer: `body` is not all of it. */
  readonly isTruncated?: boolean;
  /** Who asks, for history: `10.0.0.7`, with the name of the user where there is one (`admin at 10.0.0.7`). */
  readonly who?: string;
  /** `stats admin` holds. */
  readonly isAdmin: boolean;
}

/** A request changed a map or a list of patterns (`http-request set-map` …): every worker has its own copy. */
export interface PatternChange {
  readonly do: 'set' | 'add' | 'delete';
  readonly file: string;
  readonly key: string;
  readonly value: string;
}

export type ToWorker =
  | { type: 'pattern-change'; change: PatternChange }
  /** Answers `check-password`. */
  | { type: 'password-checked'; key: string; isRight: boolean }
  /** Answers `service`. The worker adds what framing needs; HEAD is answered without the body. */
  | {
      type: 'service-answer';
      request: number;
      status: number;
      reason: string;
      headers: [string, string][];
      body: Uint8Array;
    }
  | { type: 'apply'; plan: Plan }
  /** Close these listening descriptors after accepting what waits in them; answer `listeners-closed`. */
  | { type: 'close-listeners'; fds: number[]; request: number }
  | { type: 'pause-frontend'; proxy: string; paused: boolean }
  | { type: 'list-sessions'; request: number }
  /** Answer `protocol-errors`. */
  | { type: 'list-errors'; request: number }
  | { type: 'kill-session'; id: number }
  /** Drop every session of a frontend (`shutdown frontend`). */
  | { type: 'kill-frontend-sessions'; proxy: string }
  /** Drop every session whose client connected to one of these addresses: this host does not have them any more. */
  | { type: 'kill-address-sessions'; addresses: readonly string[] }
  /** Stop when the last session ends (soft) or at once (hard); answer `stopped`. `spreadMs` is `close-spread-time`. */
  | { type: 'stop'; soft: boolean; spreadMs: number };

export type FromWorker =
  /** For the other workers. */
  | { type: 'pattern-change'; index: number; change: PatternChange }
  /** A hash that takes long is made beside the event loops; `key` names password and hash. */
  | { type: 'check-password'; index: number; key: string; password: string; hash: string }
  | { type: 'service'; index: number; request: number; ask: ServiceRequest }
  | { type: 'ready'; index: number }
  | { type: 'applied'; index: number; revision: number }
  | { type: 'listeners-closed'; index: number; request: number }
  | { type: 'sessions'; index: number; request: number; sessions: SessionInfo[] }
  | { type: 'protocol-errors'; index: number; request: number; total: number; errors: ProtocolError[] }
  | { type: 'log'; index: number; level: 'warning' | 'notice' | 'alert'; text: string }
  | { type: 'stopped'; index: number };

/** One session, for `show sess`. Times are milliseconds; ages are relative to now. */
export interface SessionInfo {
  /** Unique in the process: worker index + 1 in the low byte, a sequence above it. Shown as 0x hexadecimal. */
  id: number;
  frontend: string;
  backend: string | null;
  server: string | null;
  listener: string;
  /** `1.2.3.4:5` or `unix:1`. */
  source: string;
  destination: string;
  ageMs: number;
  /** Since the last byte in either direction. */
  idleMs: number;
  /** Milliseconds until the next time limit fires; -1 none. */
  expiresMs: number;
  state: 'queued' | 'connecting' | 'established' | 'closing';
  clientFd: number;
  serverFd: number;
  bytesIn: number;
  bytesOut: number;
  /** Pending bytes per direction. */
  pendingIn: number;
  pendingOut: number;
  retriesLeft: number;
  worker: number;
}

/** The last message of a proxy that broke the protocol, for `show errors`. */
export interface ProtocolError {
  readonly side: 'request' | 'response';
  readonly frontend: string;
  /** null = none was chosen yet. */
  readonly backend: string | null;
  readonly server: string | null;
  /** `1.2.3.4:5` or `unix:1`. */
  readonly source: string;
  readonly atEpochMs: number;
  /** Number of the event in its worker, from 0. */
  readonly event: number;
  readonly worker: number;
  /** Below zero, see core/http1/errors.ts. */
  readonly error: number;
  /** Index of the offending byte in `bytes`; their length when the message is too large. */
  readonly position: number;
  /** What the buffer held, from the beginning of the message. */
  readonly bytes: Uint8Array;
  /** Room of the buffer. */
  readonly bufferBytes: number;
  /** `accept-invalid-http-*` let it pass. */
  readonly wasAccepted: boolean;
}

export type ToHealth =
  | { type: 'apply'; plan: Plan }
  | { type: 'admin'; request: number; proxy: string; server: string; command: AdminCommand }
  /** What is known of a server now; answer `server-now`. */
  | { type: 'ask-server'; request: number; proxy: string; server: string }
  /** A program ended: its exit status, -1 if a signal ended it, 255 if it could not be started. */
  | { type: 'program-ended'; id: number; status: number }
  | { type: 'stop' };

/** Runtime commands that change a server's health or weight; only the health thread writes these cells. */
export type AdminCommand =
  | { do: 'state'; state: 'ready' | 'drain' | 'maint' }
  /** `set server … health up|stopping|down`. */
  | { do: 'health'; health: 'up' | 'stopping' | 'down' }
  /** `set server … weight N|N%`, absolute 0..256 or percent of the initial weight. */
  | { do: 'weight'; weight: number; relative: boolean }
  /** `enable|disable health`. */
  | { do: 'checks'; enabled: boolean }
  | { do: 'check-port'; port: number }
  /** `balance single`: it has the traffic from now on. */
  | { do: 'choose' }
  /** `set server … agent up|down`, `enable|disable agent`, `set server … agent-addr|agent-port|agent-send`. */
  | { do: 'agent'; up: boolean }
  | { do: 'agent-checks'; enabled: boolean }
  | { do: 'agent-target'; addr?: string; port?: number; send?: string }
  /** Check at once; `why` tells what spoke for it (`notify: wsrep status Donor`). */
  | { do: 'recheck'; why?: string }
  /** `clear damping`: whatever held a flapping server down holds no longer. */
  | { do: 'undamp' }
  /** What a predecessor knew of its flapping. */
  | { do: 'damp'; note: DampingNote }
  /** Main resolved (or lost) the name: RMAINT off or on. */
  | { do: 'resolved'; resolved: boolean };

export type FromHealth =
  | { type: 'ready' }
  | { type: 'applied'; revision: number }
  | { type: 'admin-result'; request: number; error: string | null }
  | { type: 'server-now'; request: number; now: ServerNow | null }
  /** `last_chk` of a server is another text than before. */
  | { type: 'last-check'; proxy: string; server: string; text: string }
  /** What the agent of a server said last (`last_agt`), and the address it is asked at where one was set. */
  | { type: 'agent'; proxy: string; server: string; text: string; addr: string | null }
  /** How a server flapped, for a successor; null for nothing worth telling. */
  | { type: 'damping'; proxy: string; server: string; note: DampingNote | null }
  | { type: 'run-program'; id: number; program: ExternalProgram }
  | { type: 'kill-program'; id: number }
  | { type: 'log'; level: 'notice'; text: string }
  | HealthEvent;

/** A program that a check runs; the main thread starts it, because the health thread's event loop never turns. */
export interface ExternalProgram {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: { readonly [name: string]: string };
}

/**
 * One thing that happened to a server's health; the text is HAProxy's log line for it. Of kind `vip`: to a virtual
 * address; `proxy` is the name of its instance or sync group, and `vip` says what changed.
 */
export interface HealthEvent {
  type: 'health-event';
  proxy: string;
  server: string | null;
  /** Wall clock, epoch milliseconds. */
  atMs: number;
  kind:
    | 'check'
    | 'server-up'
    | 'server-down'
    | 'server-admin'
    | 'backend-down'
    | 'backend-up'
    | 'weight'
    | 'damping'
    | 'claim'
    | 'vip';
  level: 'emerg' | 'alert' | 'crit' | 'err' | 'warning' | 'notice' | 'info' | 'debug';
  text: string;
  /** Kept in history, and no log line: HAProxy has none for it. */
  isQuiet?: boolean;
  /** What lies behind it, for `explain` and `events`. */
  detail?: EventDetail;
  /** Of a virtual router: its states (equal for a remark that is no transition), and why, without a full stop. */
  vip?: { readonly from: VrrpState; readonly to: VrrpState; readonly why: string };
}
