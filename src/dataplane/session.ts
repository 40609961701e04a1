/**
 * One client connection on its way through the proxy: accepted, perhaps waiting for a PROXY header, perhaps queued,
 * connecting (and retrying), then forwarding both ways until both ends are passed on. Objects are pooled and of one
 * shape. The states and what moves between them:
 *
 *   HEADER ──► INSPECT ──► QUEUED ──► CONNECTING ◄──► RETRYING
 *      │          │           │            │
 *      └──────────┴───────────┴────────────┴──► ESTABLISHED ──► (closed, back to the pool)
 *
 * Events from epoll arrive at `onEvents`, time limits at `onTimer`; both only decide what to do in the current state.
 * How a server is found and connected is in `connect.ts`, how a session ends and is counted in `finish.ts`.
 */

import type { LogLevel } from '../config/model.js';
import { Variables } from '../core/expr/variables.js';
import * as T from '../core/table.js';
import type { Timed } from '../core/timer-heap.js';
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP, MSG_PEEK } from '../linux/constants.js';
import { InetAddress } from '../linux/inet-address.js';
import { recv } from '../linux/syscalls.js';
import { Channel, PUMP_DONE, PUMP_MORE, PUMP_READ_ERROR, PUMP_WRITE_ERROR, UNLIMITED } from './channel.js';
import {
  askForRecheck,
  connectionEstablished,
  connectionFailed,
  queueTimedOut,
  retry,
  socketError,
} from './connect.js';
import type { ConnectionFacts } from './connection-facts.js';
import type { BackendEntity, FrontendEntity, ListenerSpec, ServerEntity, WorkerRow } from './entities.js';
import { finish, headerTimedOut, proxyHeaderArrived } from './finish.js';
import { onHttpTimer } from './http/deadlines.js';
import { onHttpContinue, onHttpEvents } from './http/events.js';
import { beginExchange, onHttpSend } from './http/exchange.js';
import type { HttpConnection } from './http/http-connection.js';
import { beginResponseInspection, inspectResponse, responseInspectionTimedOut } from './response-rules.js';
import { inspect, inspectionBroken, inspectionTimedOut } from './rules.js';
import type { SessionQueue } from './session-list.js';
import type { Tracked } from './stick/tracked.js';
import type { DataplaneWorker } from './worker-context.js';

export const FREE = 0;
export const HEADER = 1;
export const QUEUED = 2;
export const CONNECTING = 3;
export const RETRYING = 4;
export const ESTABLISHED = 5;
export const INSPECT = 6;
/** Mode http: between requests; a head is not complete; rules judge or wait; an answer of ours leaves; both sides are there. */
export const HTTP_IDLE = 7;
export const HTTP_HEAD = 8;
export const HTTP_RULES = 9;
export const HTTP_REPLY = 10;
export const HTTP_EXCHANGE = 11;
/** Mode tcp: what the server says first is looked at; what the client says is passed on. */
export const INSPECT_RESPONSE = 12;

const READ_EVENTS = EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
const HANGUP_EVENTS = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

export class Session implements Timed {
  wakeAtMs = 0;
  heapIndex = -1;
  state = FREE;
  id = 0;
  /** Place in the worker's list of live sessions. */
  liveIndex = -1;
  clientFd = -1;
  serverFd = -1;
  frontend!: FrontendEntity;
  listener!: ListenerSpec;
  listenerCells!: WorkerRow;
  backend: BackendEntity | null = null;
  server: ServerEntity | null = null;
  /** True while a slot of `server` is taken. */
  holdsSlot = false;
  readonly toServer = new Channel();
  readonly toClient = new Channel();
  /** Who the client is: its peer address, or what its PROXY header says. */
  readonly source = new InetAddress();
  /** Destination from a PROXY header; otherwise asked from the socket when needed. */
  readonly destination = new InetAddress();
  /** Set while rules of the request have changed them. */
  connectionFacts: ConnectionFacts | null = null;
  previousOnServer: Session | null = null;
  nextOnServer: Session | null = null;
  queue: SessionQueue | null = null;
  previousInQueue: Session | null = null;
  nextInQueue: Session | null = null;
  /** Monotonic ms: accepted, admitted (its PROXY header is there), assigned to a backend, queued since, connect begun, established, last byte moved. */
  acceptedMs = 0;
  acceptedEpochMs = 0;
  admittedMs = 0;
  assignedMs = 0;
  queuedMs = 0;
  connectMs = 0;
  establishedMs = 0;
  lastIoMs = 0;
  /** When content rules have to decide with what is there. */
  inspectUntilMs = 0;
  retriesLeft = 0;
  redispatched = false;
  retryElsewhere = false;
  /** Servers it was sent on to without a pause, in a row. */
  moves = 0;
  /** The server whose queue it waits in; null while it waits for any of the backend. */
  queuedServer: ServerEntity | null = null;
  /** errno of the last failed connection, 0 for a time limit. */
  lastError = 0;
  /** The server it was on last, for the log: `server` is null once the slot was given back. */
  lastServer: ServerEntity | null = null;
  /** Places in front of it in the queues when it was queued, for the log. */
  serverQueuePosition = 0;
  backendQueuePosition = 0;
  /** Refused by a connection rule: such are counted, not logged (manual §4.2 `tcp-request connection`). */
  silent = false;
  /** Its log line was written before its end. */
  earlyLogged = false;
  /** Why it ended before it was let in (core/log-format/connection-errors.ts); 0 = it did not. */
  connectionError = 0;
  /** Scope sess, and in mode tcp all of the connection. */
  readonly variables = new Variables();
  /** What `tcp-request content capture` has kept, by slot. */
  readonly captures: (string | null)[] = [];
  /** Set by `set-log-level`; null = as configured. */
  logLevel: LogLevel | 'silent' | null = null;
  /** Place in queues: the lowest class first, then who is there longest, by `set-priority-offset` longer or shorter. */
  priorityClass = 0;
  priorityOffsetMs = 0;
  /** What it tracks in stick tables; null until something is. */
  tracked: Tracked | null = null;
  /** Of a connection in mode http, from its first byte to its end. */
  http: HttpConnection | null = null;
  private continuing = false;

  constructor(readonly worker: DataplaneWorker) {}

  onEvents(fd: number, events: number): void {
    if (this.state === ESTABLISHED) this.onTraffic(fd, events);
    else if (this.http !== null) onHttpEvents(this, fd, events);
    else if (this.state === INSPECT_RESPONSE) this.onInspectedTraffic(fd, events);
    else if (fd === this.serverFd) this.onConnectEvents(events);
    else this.onEarlyClientEvents(events);
  }

  /** Goes on with a direction that used up its share of the last turn. */
  onContinue(): void {
    this.continuing = false;
    if (this.state === ESTABLISHED) this.forward();
    else if (this.http !== null) onHttpContinue(this);
    else if (this.state === INSPECT_RESPONSE) this.feedServer();
  }

  onSend(): void {
    onHttpSend(this);
  }

  onTimer(nowMs: number): void {
    if (this.state === ESTABLISHED) this.onIdle(nowMs);
    else if (this.state === CONNECTING) connectionFailed(this, 0);
    else if (this.state === RETRYING) retry(this);
    else if (this.state === QUEUED) queueTimedOut(this);
    else if (this.state === HEADER) headerTimedOut(this);
    else if (this.state === INSPECT) inspectionTimedOut(this, nowMs);
    else if (this.state === INSPECT_RESPONSE) responseInspectionTimedOut(this, nowMs);
    else if (this.http !== null) onHttpTimer(this, nowMs);
  }

  /** Both sockets are there: forward until both directions ended. */
  start(): void {
    if (this.http !== null) {
      beginExchange(this);
      return;
    }
    this.establishedMs = this.worker.reactor.nowMs;
    this.worker.logConnected(this);
    if (this.backend!.inspectsResponses) {
      this.lastIoMs = this.establishedMs;
      beginResponseInspection(this);
    } else this.pass();
  }

  /** From here on both directions pass as they are. */
  pass(): void {
    const now = this.worker.reactor.nowMs;
    this.state = ESTABLISHED;
    this.toClient.limit = UNLIMITED;
    this.lastIoMs = now;
    this.armIdle(now);
    this.forward();
  }

  private onTraffic(fd: number, events: number): void {
    this.note(fd, events);
    this.forward();
  }

  private onInspectedTraffic(fd: number, events: number): void {
    this.note(fd, events);
    if (this.feedServer()) inspectResponse(this);
  }

  /** Passes on what the client says. @returns false when the session ended */
  feedServer(): boolean {
    return this.advance(this.toServer, this.toClient, true);
  }

  private note(fd: number, events: number): void {
    const incoming = fd === this.clientFd ? this.toServer : this.toClient;
    const outgoing = fd === this.clientFd ? this.toClient : this.toServer;
    if (events & READ_EVENTS) incoming.readable = true;
    if (events & HANGUP_EVENTS) incoming.hungUp = true;
    if (events & EPOLLOUT) outgoing.writable = true;
  }

  private forward(): void {
    if (!this.advance(this.toServer, this.toClient, true)) return;
    if (!this.advance(this.toClient, this.toServer, false)) return;
    if (this.toServer.endSent && this.toClient.endSent) finish(this, '-', '-');
  }

  /** Pumps one direction if it can move. @returns false when the session ended */
  private advance(channel: Channel, other: Channel, toServer: boolean): boolean {
    const waiting = channel.pending > 0;
    if (waiting ? !channel.writable : !channel.readable && !(channel.ended && !channel.endSent)) return true;
    const outcome = channel.pump(this.worker, other.endSent);
    if (channel.moved > 0 || waiting) this.account(channel.moved, toServer);
    if (outcome < PUMP_MORE) return true;
    if (outcome === PUMP_MORE) return this.continueLater();
    if (outcome === PUMP_DONE) return this.directionEnded();
    return this.broken(outcome, toServer);
  }

  private continueLater(): boolean {
    if (!this.continuing) this.worker.reactor.again(this);
    this.continuing = true;
    return true;
  }

  /** A half-closed session may have a shorter time limit than its timer was armed for. */
  private directionEnded(): boolean {
    const now = this.worker.reactor.nowMs;
    this.lastIoMs = now;
    const at = this.idleDeadline();
    if (at < this.wakeAtMs) this.worker.reactor.timers.arm(this, at);
    return true;
  }

  private broken(outcome: number, toServer: boolean): boolean {
    // A read error belongs to the side that was read, a write error to the side written to.
    const clientSide = toServer === (outcome === PUMP_READ_ERROR);
    if (outcome === PUMP_WRITE_ERROR) this.drainOther(toServer);
    if (this.state !== ESTABLISHED && this.state !== INSPECT_RESPONSE) return false;
    if (!clientSide) askForRecheck(this.worker, this.server!);
    finish(this, clientSide ? 'C' : 'S', 'D');
    return false;
  }

  /** The side that broke may have sent its last words before: deliver what is there. */
  private drainOther(toServer: boolean): void {
    const channel = toServer ? this.toClient : this.toServer;
    if (!channel.readable || channel.pending > 0) return;
    channel.pump(this.worker, true);
    if (channel.moved > 0) this.account(channel.moved, !toServer);
  }

  account(moved: number, toServer: boolean): void {
    this.lastIoMs = this.worker.reactor.nowMs;
    if (moved === 0) return;
    const cell = toServer ? T.C_BYTES_IN : T.C_BYTES_OUT;
    this.frontend.cells.count(cell, moved);
    this.listenerCells.count(cell, moved);
    this.backend!.cells.count(cell, moved);
    this.server!.cells.count(cell, moved);
  }

  onConnectEvents(events: number): void {
    if (this.state !== CONNECTING) return;
    const error = events & (EPOLLERR | EPOLLHUP) ? socketError(this.worker, this.serverFd) : 0;
    if (error !== 0) {
      connectionFailed(this, error);
      return;
    }
    if (!(events & (EPOLLOUT | EPOLLIN))) return;
    if (events & READ_EVENTS) this.toClient.readable = true;
    if (events & HANGUP_EVENTS) this.toClient.hungUp = true;
    this.toServer.writable = true;
    connectionEstablished(this);
  }

  /** The client speaks or leaves before its server is there. */
  private onEarlyClientEvents(events: number): void {
    if (events & READ_EVENTS) this.toServer.readable = true;
    if (events & HANGUP_EVENTS) this.toServer.hungUp = true;
    if (events & EPOLLOUT) this.toClient.writable = true;
    if (this.state === HEADER) {
      if (events & READ_EVENTS) proxyHeaderArrived(this);
      return;
    }
    if (this.state === INSPECT) {
      if (events & EPOLLERR) inspectionBroken(this, 'C');
      else if (events & READ_EVENTS) inspect(this);
      return;
    }
    if (events & EPOLLERR) {
      finish(this, 'C', 'D'); // a reset is an error of the data phase, whatever the server does (observed from HAProxy)
      return;
    }
    if (events & EPOLLHUP || (events & EPOLLRDHUP && this.clientLeft()))
      finish(this, 'C', this.state === QUEUED ? 'Q' : 'C');
  }

  /** A client that closed without having sent anything has gone; with `option abortonclose` any that closed. */
  private clientLeft(): boolean {
    if (this.backend?.proxy.options.abortonclose) return true;
    return recv(this.clientFd, this.worker.readBuffer.ptr, 1, MSG_PEEK) <= 0;
  }

  private armIdle(now: number): void {
    const at = this.idleDeadline();
    if (at === Number.POSITIVE_INFINITY) this.worker.reactor.timers.cancel(this);
    else this.worker.reactor.timers.arm(this, Math.max(at, now));
  }

  /** The timer was armed for an old last byte: look again before ending the session. */
  private onIdle(nowMs: number): void {
    if (nowMs < this.idleDeadline()) {
      this.armIdle(nowMs);
      return;
    }
    this.idleOver(nowMs);
  }

  /** One of the sides was silent for too long. */
  idleOver(nowMs: number): void {
    finish(this, this.clientDeadline() <= nowMs ? 'c' : 's', 'D');
  }

  /** Monotonic ms at which inactivity ends the session; Infinity when no limit holds. */
  idleDeadline(): number {
    return Math.min(this.clientDeadline(), this.serverDeadline());
  }

  /** Waiting for the client to send or to take: `timeout client`, `tunnel`, `client-fin` (manual §4.2). */
  private clientDeadline(): number {
    if (this.toServer.ended && this.toClient.pending === 0) return Number.POSITIVE_INFINITY;
    if (this.toServer.pending > 0) return Number.POSITIVE_INFINITY;
    const { clientMs, clientFinMs, tunnelMs } = this.frontend;
    const tunnel = this.tunnelLimit(tunnelMs);
    const limit = this.toClient.endSent && clientFinMs > 0 ? clientFinMs : tunnel || clientMs;
    return limit > 0 ? this.lastIoMs + limit : Number.POSITIVE_INFINITY;
  }

  /** Waiting for the server: `timeout server`, `tunnel`, `server-fin`. */
  private serverDeadline(): number {
    if (this.toClient.ended && this.toServer.pending === 0) return Number.POSITIVE_INFINITY;
    if (this.toClient.pending > 0) return Number.POSITIVE_INFINITY;
    const { serverMs, serverFinMs } = this.backend!;
    const tunnel = this.tunnelLimit(this.frontend.tunnelMs);
    const limit = this.toServer.endSent && serverFinMs > 0 ? serverFinMs : tunnel || serverMs;
    return limit > 0 ? this.lastIoMs + limit : Number.POSITIVE_INFINITY;
  }

  /** `timeout tunnel` in force, ms; 0 none. */
  private tunnelLimit(ofFrontend: number): number {
    const chosen = this.http?.transaction?.tunnelMs ?? -1;
    return chosen >= 0 ? chosen : this.backend!.tunnelMs || ofFrontend;
  }

  /** Where the log and `show sess` say the client came from is set by then; empties everything for the next client. */
  recycle(): void {
    this.state = FREE;
    this.clientFd = this.serverFd = -1;
    this.backend = this.server = this.queuedServer = this.lastServer = null;
    this.holdsSlot = this.redispatched = this.retryElsewhere = this.continuing = this.earlyLogged = false;
    this.source.clear();
    this.destination.clear();
    this.connectionFacts = null;
    this.variables.clear();
    this.connectionError = 0;
    this.captures.length = this.priorityClass = this.priorityOffsetMs = 0;
    this.logLevel = null;
    this.queuedMs = this.connectMs = this.establishedMs = this.assignedMs = 0;
    this.serverQueuePosition = this.backendQueuePosition = 0;
  }
}
