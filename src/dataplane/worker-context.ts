/**
 * One data-plane worker: its event loop, what its sessions share (buffers, pipes, scratch memory), the entities it
 * serves, and its sessions. Everything here belongs to one thread.
 */
import type { SampleContext } from '../core/expr/context.js';
import { PatternFiles } from '../core/expr/pattern-files.js';
import { Variables } from '../core/expr/variables.js';
import type { FromWorker, ServiceRequest } from '../core/messages.js';
import type { StickStore } from '../core/stick/store.js';
import * as T from '../core/table.js';
import { wake } from '../linux/eventfd.js';
import { NativeBuffer } from '../linux/memory.js';
import type { Reactor } from '../linux/reactor.js';
import { SockAddr } from '../linux/sockaddr.js';
import type { AcceptSocket } from './accept.js';
import { type Lender, READ_BYTES } from './channel.js';
import { rescue, reviewQueues, reviewRetries, serveQueues } from './connect.js';
import type { BackendEntity, FrontendEntity, ServerEntity, WorkerRow } from './entities.js';
import { begin, finish, kill, killAll } from './finish.js';
import { HttpConnection } from './http/http-connection.js';
import { ProtocolErrors } from './http/protocol-errors.js';
import { ServerConnection } from './http/server-connections.js';
import { Transaction } from './http/transaction.js';
import type { UserDirectory } from './http/transaction-view.js';
import { BufferPool, PipePool } from './pools.js';
import { rejects } from './rules.js';
import { SampleView } from './sample-view.js';
import { HTTP_EXCHANGE, Session } from './session.js';
import { writeAcceptLog, writeConnectionError, writeRequestLog, writeSessionLog } from './session-log.js';

const KEPT_SESSIONS = 4096;
const KEPT_BUFFERS = 256;
const PIPES = 256;
const WARN_EVERY_MS = 10_000;

export class DataplaneWorker implements Lender {
  readonly readBuffer = new NativeBuffer(READ_BYTES);
  readonly buffers = new BufferPool(READ_BYTES, KEPT_BUFFERS);
  readonly pipes = new PipePool(PIPES);
  splicing = true;
  splicedBytes = 0;
  readonly peer = new SockAddr();
  readonly addressScratch = new SockAddr();
  readonly ipScratch = new Uint8Array(16);
  readonly optionScratch = new NativeBuffer(16);
  reactor!: Reactor;
  process!: WorkerRow;
  readonly frontends = new Map<string, FrontendEntity>();
  readonly backends = new Map<string, BackendEntity>();
  readonly servers = new Map<string, ServerEntity>();
  /** Stick tables by the name of their proxy. */
  readonly tables = new Map<string, StickStore>();
  readonly sockets = new Map<number, AcceptSocket>();
  readonly blockedSockets = new Set<AcceptSocket>();
  readonly live: Session[] = [];
  wakeFds: number[] = [];
  healthFd = -1;
  /** Wall clock minus monotonic clock, ms; refreshed now and then because the wall clock may be set. */
  epochOffsetMs = Date.now() - performance.now();
  epochSecond = 0;
  stopping = false;
  /** Monotonic ms from which on connections in mode http that begin no longer go on after an answer. */
  closesHttpAtMs = Number.POSITIVE_INFINITY;
  /** What is composed for one send: heads with what is there of their bodies. */
  readonly outgoing = new NativeBuffer(2 * READ_BYTES);
  /** Buffers of requests and responses in mode http, their size (`tune.bufsize`) and how long a head may be. */
  httpBytes = 16_384;
  httpHeadBytes = 15_360;
  httpBuffers = new BufferPool(16_384, KEPT_BUFFERS);
  /** Transactions that wait for the main thread, by request number. */
  readonly services = new Map<number, Transaction>();
  /** Memory that their answers take until their clients have read them. */
  serviceBytes = 0;
  private requests = 0;
  private readonly freeHttp: HttpConnection[] = [];
  private readonly freeTransactions: Transaction[] = [];
  private readonly freeConnections: ServerConnection[] = [];
  /** What was no HTTP, for `show errors`. */
  readonly protocolErrors = new ProtocolErrors();
  /** Scope proc, as far as this worker has set it. */
  readonly variables = new Variables();
  /** Some rule or format looks at request lines as they came (`capture.req.uri`, `%HU`); logs keep them anyway. */
  keepsRequestLines = false;
  /** Pattern files and maps, as loaded and as rules and commands have changed them. */
  patternFiles = new PatternFiles();
  /** Answers `http_auth`; set with the configuration. */
  users: UserDirectory | null = null;
  private readonly free: Session[] = [];
  private readonly view = new SampleView(this);
  private readonly warnedAtMs = new Map<string, number>();
  private sequence = 0;

  constructor(
    readonly index: number,
    private readonly post: (message: FromWorker) => void,
  ) {}

  /** Called at the start of each turn of the loop. */
  publish(): void {
    this.epochSecond = Math.floor((this.reactor.nowMs + this.epochOffsetMs) / 1000);
    if (!this.process) return;
    const { f64, c } = this.process;
    f64[c + T.C_LOOPS] = this.reactor.turns;
    f64[c + T.C_IDLE_US] = this.reactor.idleUs;
    f64[c + T.C_TURNED_US] = this.reactor.nowMs * 1000;
    f64[c + T.C_SPLICED_BYTES] = this.splicedBytes;
  }

  msToNextSecond(): number {
    return 1000 - ((this.reactor.nowMs + this.epochOffsetMs) % 1000);
  }

  /** @param isFinal what is there decides: nobody waits for more of the client's bytes */
  sampleContext(session: Session, isFinal: boolean, transaction: Transaction | null = null): SampleContext {
    return this.view.of(session, isFinal, transaction ?? session.http?.transaction ?? null);
  }

  /** A connection was accepted; its room in the gauges is already taken. */
  open(fd: number, socket: AcceptSocket): void {
    const session = this.free.pop() ?? new Session(this);
    const { frontend } = socket;
    const now = this.reactor.nowMs;
    session.id = ++this.sequence * 256 + this.index + 1;
    session.clientFd = fd;
    session.frontend = frontend;
    session.listener = socket.spec;
    session.listenerCells = socket.cells;
    session.source.take(this.peer);
    session.acceptedMs = session.lastIoMs = now;
    session.acceptedEpochMs = now + this.epochOffsetMs;
    session.toServer.reset(fd, -1);
    session.toClient.reset(-1, fd);
    session.liveIndex = this.live.push(session) - 1;
    this.process.count(T.C_CONNECTIONS);
    this.process.rate(T.C_CRATE_SECOND, T.I_CONN_RATE_MAX, this.epochSecond);
    frontend.cells.count(T.C_CONNECTIONS);
    frontend.cells.rate(T.C_CRATE_SECOND, T.I_CONN_RATE_MAX, this.epochSecond);
    this.screen(session, fd);
  }

  takeHttp(): HttpConnection {
    return this.freeHttp.pop() ?? new HttpConnection();
  }

  giveHttp(http: HttpConnection): void {
    http.recycle();
    if (this.freeHttp.length < KEPT_SESSIONS) this.freeHttp.push(http);
  }

  takeTransaction(): Transaction {
    const transaction = this.freeTransactions.pop() ?? new Transaction();
    transaction.sequence = this.requests++;
    return transaction;
  }

  giveTransaction(transaction: Transaction): void {
    transaction.reset();
    if (this.freeTransactions.length < KEPT_BUFFERS) this.freeTransactions.push(transaction);
  }

  takeConnection(): ServerConnection {
    return this.freeConnections.pop() ?? new ServerConnection(this);
  }

  giveConnection(connection: ServerConnection): void {
    connection.fd = -1;
    if (this.freeConnections.length < KEPT_SESSIONS) this.freeConnections.push(connection);
  }

  /** Asks the main thread for what would delay others here. */
  postService(request: number, ask: ServiceRequest): void {
    this.post({ type: 'service', index: this.index, request, ask });
  }

  tellMain(message: FromWorker): void {
    this.post(message);
  }

  private screen(session: Session, fd: number): void {
    const { frontend } = session;
    session.state = -1; // alive, nothing begun: `finish` works from here on
    if (frontend.connectionRules.length > 0 && rejects(session, frontend.connectionRules)) {
      frontend.cells.count(T.C_DENIED_CONN);
      session.listenerCells.count(T.C_DENIED_CONN);
      session.silent = true;
      finish(session, 'P', 'R');
      return;
    }
    this.process.count(T.C_SESSIONS);
    this.process.rate(T.C_RATE_SECOND, T.I_RATE_MAX, this.epochSecond);
    begin(session);
    if (session.clientFd === fd && this.reactor.add(fd, session) < 0) finish(session, 'R', 'C');
  }

  /** Both sockets of a session are known now. */
  connected(session: Session): void {
    session.toServer.to = session.serverFd;
    session.toClient.from = session.serverFd;
    const options = session.frontend.proxy.options;
    if (options.spliceAuto === false) session.toServer.allowSplice = session.toClient.allowSplice = false;
  }

  /** The session gave everything back. */
  sessionEnded(session: Session): void {
    const last = this.live.pop()!;
    if (last !== session) {
      this.live[session.liveIndex] = last;
      last.liveIndex = session.liveIndex;
    }
    session.recycle();
    if (this.free.length < KEPT_SESSIONS) this.free.push(session);
    this.process.leave();
    if (this.process.i32[this.process.int + T.I_WAITERS] > 0) this.roomMade();
    if (this.stopping && this.live.length === 0) this.leaveLoop();
  }

  /** Ends the thread: nothing is left to serve. */
  leaveLoop(): void {
    this.post({ type: 'stopped', index: this.index });
    this.reactor.stop();
  }

  private roomMade(): void {
    for (const socket of this.blockedSockets) socket.resume();
    if (this.process.i32[this.process.int + T.I_WAITERS] > 0) this.wakeOthers();
  }

  /** A slot became free: ours first, and if somebody waits in another worker, tell them. */
  slotFreed(server: ServerEntity): void {
    const { backend } = server;
    if (server.queue.size > 0 || backend.queue.size > 0) serveQueues(server);
    const waiting =
      server.cells.i32[server.cells.int + T.I_QUEUE] -
      server.queue.size +
      backend.cells.i32[backend.cells.int + T.I_QUEUE] -
      backend.queue.size;
    if (waiting > 0) this.wakeOthers();
  }

  private wakeOthers(): void {
    for (let i = 0; i < this.wakeFds.length; i++) if (i !== this.index) wake(this.wakeFds[i]);
  }

  wakeHealth(): void {
    if (this.healthFd >= 0) wake(this.healthFd);
  }

  /** Somebody woke us: servers may have gone or come, slots and room may be free. */
  review(): void {
    this.epochOffsetMs = Date.now() - performance.now();
    for (const server of this.servers.values()) this.obeyShutdown(server);
    for (const backend of this.backends.values()) this.reviewBackend(backend);
    for (const socket of this.blockedSockets) socket.resume();
  }

  private reviewBackend(backend: BackendEntity): void {
    if (backend.eager) reviewRetries(backend);
    if (backend.cells.i32[backend.cells.int + T.I_QUEUE] > 0 || queuesOf(backend)) reviewQueues(backend);
  }

  private obeyShutdown(server: ServerEntity): void {
    const epoch = server.cells.row.get(T.S_SHUTDOWN_EPOCH);
    if (epoch === server.shutdownSeen) return;
    server.shutdownSeen = epoch;
    const reason = server.cells.row.get(T.S_SHUTDOWN_REASON);
    const side = reason === T.SHUTDOWN_KILLED ? 'K' : reason === T.SHUTDOWN_BACKUP ? 'U' : 'D';
    const mayRescue = server.backend.eager && side !== 'K';
    const count = server.sessions.size;
    if (count === 0) return;
    const ended = killAll(server.sessions, side, (session) =>
      mayRescue && session.state !== HTTP_EXCHANGE ? rescue(session) : kill(session, side),
    );
    this.noteShut(count, server.cells.row.get(T.S_SHUTDOWN_AT), ended);
  }

  /** How long it took since the decision, for `show activity`. @param at S_SHUTDOWN_AT */
  private noteShut(count: number, at: number, { serversMs, clientsMs }: ReturnType<typeof killAll>): void {
    const { f64, c } = this.process;
    const since = (ms: number) => ((Math.floor(ms + this.epochOffsetMs) | 0) - at) | 0;
    f64[c + T.C_SHUT_SESSIONS] += count;
    f64[c + T.C_SHUT_SERVERS_MS] = Math.max(f64[c + T.C_SHUT_SERVERS_MS], since(serversMs));
    f64[c + T.C_SHUT_CLIENTS_MS] = Math.max(f64[c + T.C_SHUT_CLIENTS_MS], since(clientsMs));
  }

  logSession(session: Session, side: string, phase: string): void {
    if (session.silent || session.earlyLogged) session.silent = false;
    else if (session.frontend.logs === null) return;
    else if (session.connectionError > 0) writeConnectionError(session);
    else writeSessionLog(session, side, phase);
  }

  logRequest(session: Session, tx: Transaction, termination: string): void {
    if (session.earlyLogged || session.frontend.logs === null || session.frontend.logsAtAccept) return;
    writeRequestLog(session, tx, termination);
  }

  /** `option logasap`: as soon as the response's head is there. */
  logEarly(session: Session, tx: Transaction): void {
    this.logRequest(session, tx, '--');
    session.earlyLogged = true;
  }

  logAccepted(session: Session): void {
    const { logsAtAccept, logs } = session.frontend;
    if (!logsAtAccept || logs === null) return;
    session.earlyLogged = true;
    writeAcceptLog(session);
  }

  logConnected(session: Session): void {
    const { logsAtConnect, logs } = session.frontend;
    if (!logsAtConnect || logs === null) return;
    session.earlyLogged = true;
    writeSessionLog(session, '-', '-');
  }

  /** accept4, socket or pipe2 said that descriptors are used up. */
  descriptorsExhausted(result: number): void {
    this.process.count(T.C_ACCEPT_REFUSED);
    this.warnRarely('descriptors', `out of descriptors or memory (errno ${-result}); raise ulimit-n or lower maxconn`);
  }

  /** At most one line per subject and ten seconds reaches the log. */
  warnRarely(subject: string, text: string, level: 'warning' | 'alert' = 'warning'): void {
    const now = this.reactor.nowMs;
    if (now - (this.warnedAtMs.get(subject) ?? Number.NEGATIVE_INFINITY) < WARN_EVERY_MS) return;
    this.warnedAtMs.set(subject, now);
    this.post({ type: 'log', index: this.index, level, text });
  }
}

function queuesOf(backend: BackendEntity): boolean {
  return backend.servers.some((server) => server.queue.size > 0);
}
