/**
 * What the control plane may ask of the running program. `daemon/` implements it; `control/` and tests use it.
 * Figures come straight from the shared table through `row()`, so asking never interrupts forwarding.
 */
import type { Model, Proxy, Server } from '../config/model.js';
import type { AgentFigures } from '../core/agent-figures.js';
import type { ServerNow, StoredEvent } from '../core/events/event.js';
import type { History } from '../core/events/history.js';
import type { AdminCommand, ProtocolError, SessionInfo } from '../core/messages.js';
import type { StickStore } from '../core/stick/store.js';
import type { Row } from '../core/table.js';
import type { VipStatus } from '../core/vrrp/messages.js';

export interface AgentSaid {
  readonly text: string;
  /** Address it is asked at, where one was set at run time. */
  readonly addr: string | null;
}

export interface Engine {
  /** The configuration in force. */
  readonly model: Model;
  /** The files it was read from, with their whole paths. */
  readonly files?: readonly string[];
  readonly workers: number;
  readonly pid: number;
  /** Epoch milliseconds. */
  readonly startedAtMs: number;
  /** Configurations applied since start, and the outcome of the last reload. */
  readonly reloads: { count: number; lastOk: boolean; lastMessage: string; lastAtMs: number };
  readonly stopping: boolean;

  /** @param key one of `rowKey.*`; @returns undefined where no such entity runs */
  row(key: string): Row | undefined;
  /** Key of a bind's row: its name, or its address text where it has none. */
  listenerName(proxy: Proxy, bind: number): string;

  /** Sessions of all workers at this moment. */
  sessions(): Promise<SessionInfo[]>;
  /** What clients and servers sent that was no HTTP: the last of each proxy and worker, and how many there were. */
  protocolErrors?(): Promise<{ total: number; errors: ProtocolError[] }>;
  killSession(id: number): void;
  /** Drops the sessions of one server in every worker. */
  killServerSessions(proxy: string, server: string): void;
  killFrontendSessions(proxy: string): void;

  /** @param who where the order comes from, for history; @returns an error text, or null when done */
  admin(proxy: string, server: string, command: AdminCommand, who?: string): Promise<string | null>;
  /** `settle backend`: forgets what was known of claims, or declares the one of `server` right. @returns an error text */
  settle?(proxy: string, server: string | null): Promise<string | null>;
  /** `set server … addr`: takes effect for the next connection and check. @returns an error text, or null */
  setServerAddress(proxy: string, server: string, host: string, port: number | null): string | null;
  /** Stops or resumes accepting; `shutdown` closes the listeners for good. @returns an error text, or null when done */
  setFrontend(proxy: string, to: 'enabled' | 'disabled' | 'shutdown'): Promise<string | null>;
  setMaxconn(
    target: { kind: 'global' } | { kind: 'frontend' | 'server'; proxy: string; server?: string },
    n: number,
  ): void;

  /** Re-reads the configuration files; refuses them whole if wrong. Text is what `fairlead reload` prints. */
  reload(): Promise<{ ok: boolean; text: string }>;
  /** Soft stop (SIGUSR1) or hard stop (SIGTERM). */
  stop(soft: boolean): void;
  /** What happened to servers and backends. */
  readonly history: History;
  /** What is known of a server at this moment; null where none runs under this name. */
  serverNow(proxy: string, server: string): Promise<ServerNow | null>;
  onEvent(listener: (event: StoredEvent) => void): () => void;
  /** Address in force of a server, `1.2.3.4:5` form pieces; host '-' while unresolved. */
  serverAddress(proxy: string, server: Server): { host: string; port: number };
  /** What the last check of a server said (`last_chk`): `Connection refused`, `HTTP status … returned …`; '' if nothing. */
  lastCheck?(proxy: string, server: string): string;
  /** What the agent of a server said last (`last_agt`). */
  lastAgent?(proxy: string, server: string): AgentSaid;
  /** Stick tables by the name of their proxy, in the order of the configuration. */
  tables?(): ReadonlyMap<string, StickStore>;
  /** The check endpoints, what they answer and how often. */
  agents?(): Promise<AgentFigures[]>;
  /** The virtual addresses as their thread sees them now; null where there are none. */
  vips?(): Promise<VipStatus | null>;
  /** What the thread said last, at most a second or so ago: for the page, metrics and files, which cannot wait. */
  readonly vipStatus?: VipStatus | null;
  /**
   * Hands the addresses of a router over and does not take them back for `holdMs`; null: of all that are master.
   * @param who where the order comes from, for history; @returns an error text, or null when the order was taken
   */
  failoverVip?(router: string | null, holdMs: number, who: string): Promise<string | null>;
}
