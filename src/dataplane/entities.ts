/**
 * What a worker keeps of the configuration: frontends, listeners, backends and servers, each with its row of the shared
 * table. They survive a reload under the same key and are configured anew in place, so that sessions which hold them
 * go on undisturbed.
 */
import type { Bind, Proxy, Server, SourceAddress, TcpResponseRule, TcpRule } from '../config/model.js';
import type { Balancer } from '../core/balance/balancer.js';
import type { Predicate } from '../core/expr/condition.js';
import type { SampleContext } from '../core/expr/context.js';
import type { CompiledLogFormat } from '../core/log-format/log-format.js';
import * as T from '../core/table.js';
import { AF_UNIX } from '../linux/constants.js';
import type { InetAddress } from '../linux/inet-address.js';
import { SockAddr } from '../linux/sockaddr.js';
import type { LogSink } from '../logs/log-sink.js';
import type { BalanceKey } from './http/balance-key.js';
import type { HttpProgram } from './http/rules/program.js';
import { IdleConnections } from './http/server-connections.js';
import { SessionList, SessionQueue } from './session-list.js';
import type { SessionAction } from './stick/stick-actions.js';
import type { CompiledStickRule } from './stick/stick-rules.js';

/** A row as one worker sees it: `f64[c + C_…]` are its own counters. */
export class WorkerRow {
  readonly i32: Int32Array;
  readonly int: number;
  readonly f64: Float64Array;
  readonly c: number;

  constructor(
    readonly row: T.Row,
    readonly worker: number,
  ) {
    this.i32 = row.i32;
    this.int = row.int;
    this.f64 = row.f64;
    this.c = row.counters + worker * T.COUNTER_CELLS;
  }

  count(cell: number, by = 1): void {
    this.f64[this.c + cell] += by;
  }

  /** One more session: raises the gauge and its maximum. @returns how many there are now */
  enter(): number {
    const now = Atomics.add(this.i32, this.int + T.I_CUR_SESS, 1) + 1;
    if (now > this.i32[this.int + T.I_MAX_SESS]) this.i32[this.int + T.I_MAX_SESS] = now;
    return now;
  }

  /** Raises the maximum to what the gauge says now. */
  noteHighest(): void {
    const now = this.i32[this.int + T.I_CUR_SESS];
    if (now > this.i32[this.int + T.I_MAX_SESS]) this.i32[this.int + T.I_MAX_SESS] = now;
  }

  leave(): void {
    Atomics.sub(this.i32, this.int + T.I_CUR_SESS, 1);
  }

  /** Counts an event per second in the three cells from `cell` on, and raises the all-workers maximum. */
  rate(cell: number, maxCell: number, second: number): void {
    const at = this.c + cell;
    const f = this.f64;
    const age = second - f[at];
    if (age !== 0) {
      f[at + 2] = age === 1 ? f[at + 1] : 0;
      f[at] = second;
      f[at + 1] = 0;
    }
    f[at + 1]++;
    const total = this.rateNow(cell, second);
    if (total > this.i32[this.int + maxCell]) this.i32[this.int + maxCell] = total;
  }

  /** Events of this second in all workers. */
  rateNow(cell: number, second: number): number {
    let total = 0;
    const stride = T.COUNTER_CELLS;
    for (let w = 0, at = this.row.counters + cell; w < this.row.workers; w++, at += stride)
      if (this.f64[at] === second) total += this.f64[at + 1];
    return total;
  }

  /** A duration into a decaying sum (`C_QTIME` …) and its maximum. @param samples count so far of what it averages */
  time(cell: number, ms: number, samples: number): void {
    const f = this.f64;
    const at = this.c + cell;
    f[at] += samples >= T.TIME_WINDOW ? ms - f[at] / T.TIME_WINDOW : ms;
    const most = at + (T.C_QTIME_MAX - T.C_QTIME);
    if (ms > f[most]) f[most] = ms;
  }
}

/** Sockets' view of `source`: where connections to servers come from. */
export interface SourceBinding {
  readonly spec: SourceAddress;
  readonly address: SockAddr;
}

export class ServerEntity {
  /** Connections at rest that any client may use (mode http). */
  readonly idle = new IdleConnections(this);
  readonly sessions = new SessionList();
  readonly queue = new SessionQueue();
  readonly address = new SockAddr();
  addressSeq = -1;
  shutdownSeen: number;
  source: SourceBinding | null = null;
  /** `tcp-ut` in force, ms; 0 leaves it to the kernel. */
  userTimeoutMs = 0;
  /** Whether it was usable when health last changed something. */
  usableSeen = false;
  /** A reload took it out of the configuration; its sessions go on. */
  retired = false;

  constructor(
    readonly name: string,
    readonly cells: WorkerRow,
    public spec: Server,
    public backend: BackendEntity,
    public index: number,
  ) {
    this.shutdownSeen = cells.row.get(T.S_SHUTDOWN_EPOCH);
  }

  /** Reads the address in force if it changed (sequence lock, see table.ts). @returns false while it is not resolved */
  refreshAddress(): boolean {
    const { i32, int } = this.cells;
    for (let tries = 0; tries < 1000; tries++) {
      const seq = Atomics.load(i32, int + T.S_ADDR_SEQ);
      if (seq === this.addressSeq) return this.address.length > 0;
      if (seq & 1) continue;
      this.readAddress();
      if (Atomics.load(i32, int + T.S_ADDR_SEQ) !== seq) continue;
      this.addressSeq = seq;
      return this.address.length > 0;
    }
    return this.address.length > 0;
  }

  private readAddress(): void {
    const { i32, int } = this.cells;
    const family = i32[int + T.S_ADDR_FAMILY];
    const spec = this.spec.address;
    if (family === AF_UNIX && spec.kind === 'unix') this.address.setUnix(spec.path);
    else if (family === AF_UNIX && spec.kind === 'abns') this.address.setUnix(spec.name, true);
    else if (family === 0) this.address.length = 0;
    else this.address.setInet(family, i32, int + T.S_ADDR_WORDS, i32[int + T.S_ADDR_PORT]);
  }
}

export class BackendEntity {
  readonly queue = new SessionQueue();
  servers: ServerEntity[] = [];
  /** Set by `configure` before the first session. */
  balancer!: Balancer;
  /** `balance uri|url_param|hdr|hash`. */
  balanceKey: BalanceKey | null = null;
  useServers: { server: ServerEntity; when: Predicate }[] = [];
  contentRules: ConnectionRule[] = [];
  inspectDelayMs = 0;
  stickRules: CompiledStickRule[] = [];
  responseRules: ResponseRule[] = [];
  responseInspectMs = 0;
  /** In mode tcp: what a server says first is looked at before it is passed on. */
  inspectsResponses = false;
  connectMs = 0;
  serverMs = 0;
  queueMs = 0;
  tunnelMs = 0;
  serverFinMs = 0;
  retries = 3;
  redispatch = 0;
  /** Failed connections do not wait for a second where others can serve, or health speaks earlier. */
  eager = false;
  generationSeen = -1;
  /** Mode http. `program` is there whatever the mode. */
  isHttp = false;
  program!: HttpProgram;
  /** Its requests may ask for a server of their own (`cookie`, `force-persist`, `ignore-persist`). */
  persists = false;
  /** `retry-on`; null = only connections that fail. */
  retryOn: ReadonlySet<string> | null = null;
  reuse: 'never' | 'safe' | 'aggressive' | 'always' = 'safe';
  keepsServers = true;
  keepsClients = true;
  tarpitMs = 0;
  /** Clients (and destinations) of which nothing is told to servers; null = none. */
  sourceExcepted: ((address: InetAddress) => boolean) | null = null;
  destinationExcepted: ((address: InetAddress) => boolean) | null = null;

  constructor(
    readonly name: string,
    readonly cells: WorkerRow,
    public proxy: Proxy,
  ) {}
}

export interface ConnectionRule {
  readonly action: TcpRule['action'];
  readonly when: Predicate;
  /** With action `other`: what is done; the rules behind it go on. */
  readonly act: SessionAction | null;
}

export interface ResponseRule {
  readonly action: TcpResponseRule['action'];
  readonly when: Predicate;
  /** With action `other`: what is done; the rules behind it go on. */
  readonly act: SessionAction | null;
}

export interface BackendChoice {
  readonly backend: BackendEntity | null;
  /** The name is a format: finds the backend, null when there is none of that name. */
  readonly resolve: ((context: SampleContext) => BackendEntity | null) | null;
  readonly when: Predicate;
}

export class FrontendEntity {
  clientMs = 0;
  clientFinMs = 0;
  tunnelMs = 0;
  connectionRules: ConnectionRule[] = [];
  sessionRules: ConnectionRule[] = [];
  contentRules: ConnectionRule[] = [];
  inspectDelayMs = 0;
  choices: BackendChoice[] = [];
  defaultBackend: BackendEntity | null = null;
  logs: LogSink | null = null;
  format: CompiledLogFormat['format'] | null = null;
  /** `error-log-format`. */
  errorFormat: CompiledLogFormat['format'] | null = null;
  /** The format names addresses that cost a system call to know. */
  wantsDestination = false;
  wantsOurEnd = false;
  /** Lines are written when the client is let in, or when its server is connected; else when the session ends. */
  logsAtAccept = false;
  logsAtConnect = false;
  logCount = 0;
  /** Mode http. `program` is there whatever the mode. */
  isHttp = false;
  program!: HttpProgram;
  httpRequestMs = 0;
  httpKeepAliveMs = 0;
  tarpitMs = 0;
  keepsServers = true;
  keepsClients = true;
  sourceExcepted: ((address: InetAddress) => boolean) | null = null;
  destinationExcepted: ((address: InetAddress) => boolean) | null = null;
  /** `unique-id-format`; null = none. */
  uniqueId: ((context: SampleContext) => string) | null = null;

  constructor(
    readonly name: string,
    readonly cells: WorkerRow,
    public proxy: Proxy,
  ) {}
}

/** One bind line; its descriptors are watched by `AcceptSocket`s. */
export interface ListenerSpec {
  readonly key: string;
  readonly name: string;
  /** 1 for the first bind of its proxy; stands for the port of unix clients in log lines. */
  readonly id: number;
  readonly bind: Bind;
}
