/** A session and the shared table seen through the eyes of sample fetches: one object per worker, pointed at a session. */
import { hostname } from 'node:os';
import type { BackendView, Ends, FrontendView, HttpView, SampleContext, ServerFigure } from '../core/expr/context.js';
import type { PatternFiles } from '../core/expr/pattern-files.js';
import type { Value } from '../core/expr/values.js';
import type { Variables } from '../core/expr/variables.js';
import type { HttpMessage } from '../core/http1/message.js';
import type { LogDates } from '../core/log-format/dates.js';
import type { LogRecord } from '../core/log-format/record.js';
import * as T from '../core/table.js';
import { MSG_PEEK } from '../linux/constants.js';
import { recv } from '../linux/syscalls.js';
import type { ConnectionFacts } from './connection-facts.js';
import type { BackendEntity, FrontendEntity, ServerEntity } from './entities.js';
import type { Transaction } from './http/transaction.js';
import { TransactionView } from './http/transaction-view.js';
import { destinationOf, socketDestination } from './proxy-header.js';
import type { Session } from './session.js';
import { dates, recordNow } from './session-log.js';
import { SessionStickView } from './stick/stick-view.js';
import type { DataplaneWorker } from './worker-context.js';

/** As much as HAProxy's request buffer holds by default (manual, `tune.bufsize`): then nothing more is waited for. */
const CONTENTS_BYTES = 16_384;
const HOSTNAME = hostname();

export class SampleView implements SampleContext {
  readonly source = new Uint8Array(16);
  readonly destination = new Uint8Array(16);
  sourceFamily: 0 | 4 | 6 = 0;
  private session!: Session;
  private destinationKnown = false;
  private family: 0 | 4 | 6 = 0;
  private port = 0;
  mayChange = false;
  private isLast = true;
  private peeked = -1;
  private peekedResponse = -1;
  private readonly figures: BackendFigures;
  private readonly frontendFigures: FrontendFigures;
  private transaction: Transaction | null = null;
  private readonly transactionView = new TransactionView();
  readonly stick: SessionStickView;

  constructor(private readonly worker: DataplaneWorker) {
    this.stick = new SessionStickView(worker);
    this.figures = new BackendFigures(worker);
    this.frontendFigures = new FrontendFigures(worker);
  }

  /** @param transaction of a connection in mode http, while it has one */
  of(session: Session, isFinal: boolean, transaction: Transaction | null = null): this {
    this.transaction = transaction;
    this.isLast = isFinal;
    this.peeked = this.peekedResponse = -1;
    this.session = session;
    this.stick.of(session);
    this.sourceFamily = session.source.copyIp(this.source);
    this.destinationKnown = false;
    return this;
  }

  get sourcePort(): number {
    return this.session.source.port;
  }
  get destinationFamily(): 0 | 4 | 6 {
    this.askDestination();
    return this.family;
  }
  get destinationPort(): number {
    this.askDestination();
    return this.port;
  }
  get connectionEnds(): Ends | undefined {
    const facts = this.session.connectionFacts;
    return facts === null ? undefined : endsOf(this.session, facts);
  }
  get receivedProxy(): boolean {
    const { connectionFacts, destination } = this.session;
    return (connectionFacts?.destination ?? destination).known;
  }
  get frontendName(): string {
    return this.session.frontend.name;
  }
  get frontendId(): number {
    return this.session.frontend.proxy.id;
  }
  get listenerName(): string {
    return this.session.listener.name;
  }
  get listenerId(): number {
    return this.session.listener.bind.id ?? 1;
  }
  get frontendConnections(): number {
    return this.session.frontend.cells.row.get(T.I_CUR_SESS);
  }
  get frontendRate(): number {
    return this.session.frontend.cells.rateNow(T.C_RATE_SECOND, this.worker.epochSecond);
  }
  get processConnections(): number {
    return this.worker.process.row.get(T.I_CUR_SESS);
  }
  get connectionError(): number {
    return this.session.connectionError;
  }
  get processStopping(): boolean {
    return this.worker.process.row.get(T.P_STOPPING) === 1;
  }
  get hostname(): string {
    return HOSTNAME;
  }
  get thread(): number {
    return this.worker.index;
  }
  frontend(name: string): FrontendView | undefined {
    const entity = this.worker.frontends.get(name);
    return entity === undefined ? undefined : this.frontendFigures.of(entity);
  }
  get backendName(): string {
    return this.session.backend?.name ?? '';
  }
  get backendId(): number {
    return this.session.backend?.proxy.id ?? 0;
  }
  get serverName(): string {
    return this.serverNow?.name ?? '';
  }
  get serverId(): number {
    return this.serverNow?.spec.id ?? 0;
  }
  timeout(which: 'client' | 'server' | 'tunnel', isCurrent: boolean): number {
    const { frontend, backend } = this.session;
    if (which === 'client') return frontend.clientMs;
    const set =
      this.transaction === null ? -1 : which === 'server' ? this.transaction.serverMs : this.transaction.tunnelMs;
    if (isCurrent && set >= 0) return set;
    return (which === 'server' ? backend?.serverMs : backend?.tunnelMs) ?? 0;
  }
  get nowEpochMs(): number {
    return this.worker.reactor.nowMs + this.worker.epochOffsetMs;
  }
  random(): number {
    return Math.random();
  }
  environment(name: string): string | undefined {
    return process.env[name];
  }
  get patternFiles(): PatternFiles {
    return this.worker.patternFiles;
  }
  backend(name: string): BackendView | undefined {
    const own = this.session.backend ?? this.session.frontend;
    const entity = this.worker.backends.get(name || own.name);
    return entity === undefined ? undefined : this.figures.of(entity);
  }
  get contents(): Uint8Array {
    return this.worker.readBuffer.bytes;
  }
  get contentsLength(): number {
    if (this.peeked < 0) {
      this.peeked = this.peek(this.session.clientFd);
      this.peekedResponse = -1;
    }
    return this.peeked;
  }
  get responseLength(): number {
    if (this.peekedResponse < 0) {
      this.peekedResponse = this.peek(this.session.serverFd);
      this.peeked = -1;
    }
    return this.peekedResponse;
  }
  get isFinal(): boolean {
    return this.isLast || this.peeked >= CONTENTS_BYTES || this.peekedResponse >= CONTENTS_BYTES;
  }

  get request(): HttpMessage | null {
    return this.transaction === null ? null : this.transaction.request;
  }
  get response(): HttpMessage | null {
    return this.transaction?.hasResponse ? this.transaction.response : null;
  }
  get http(): HttpView | null {
    return this.transaction === null ? null : this.transactionView.of(this.transaction, this.worker);
  }
  variable(name: string): Value | undefined {
    return this.scopeOf(name).get(name);
  }
  setVariable(name: string, value: Value | undefined): void {
    if (value === undefined) this.scopeOf(name).unset(name);
    else this.scopeOf(name).set(name, value);
  }
  logRecord(): LogRecord {
    return recordNow(this.session);
  }
  get logDates(): LogDates {
    return dates;
  }

  private get serverNow(): ServerEntity | null {
    return this.session.server ?? this.session.lastServer;
  }

  private peek(fd: number): number {
    return fd < 0 ? 0 : Math.max(0, recv(fd, this.worker.readBuffer.ptr, CONTENTS_BYTES, MSG_PEEK));
  }

  /** A connection in mode tcp is its own transaction. */
  private scopeOf(name: string): Variables {
    if (name.startsWith('proc.')) return this.worker.variables;
    return this.transaction === null || name.startsWith('sess.') ? this.session.variables : this.transaction.variables;
  }

  /** getsockname only when a rule wants to know. */
  private askDestination(): void {
    if (this.destinationKnown) return;
    const to = destinationOf(this.session);
    this.family = to.copyIp(this.destination);
    this.port = to.port;
    this.destinationKnown = true;
  }
}

/** Asked for by few rules, so that it is made each time. */
function endsOf(session: Session, { source, destination }: ConnectionFacts): Ends {
  const to = destination.known ? destination : socketDestination(session);
  const [from, at] = [new Uint8Array(16), new Uint8Array(16)];
  return {
    sourceFamily: source.copyIp(from),
    source: from,
    sourcePort: source.port,
    destinationFamily: to.copyIp(at),
    destination: at,
    destinationPort: to.port,
  };
}

/** One object for all frontends. */
class FrontendFigures implements FrontendView {
  private entity!: FrontendEntity;

  constructor(private readonly worker: DataplaneWorker) {}

  of(entity: FrontendEntity): this {
    this.entity = entity;
    return this;
  }

  get connections(): number {
    return this.entity.cells.row.get(T.I_CUR_SESS);
  }
  get rate(): number {
    return this.entity.cells.rateNow(T.C_RATE_SECOND, this.worker.epochSecond);
  }
  get requestRate(): number {
    return this.entity.cells.rateNow(T.C_REQ_RATE_SECOND, this.worker.epochSecond);
  }
}

/** One object for all backends: a figure is read before the next backend is asked for. */
class BackendFigures implements BackendView {
  private entity!: BackendEntity;

  constructor(private readonly worker: DataplaneWorker) {}

  of(entity: BackendEntity): this {
    this.entity = entity;
    return this;
  }

  get usableServers(): number {
    let usable = 0;
    for (const server of this.entity.servers) if (server.cells.row.get(T.S_EWEIGHT) > 0) usable++;
    return usable;
  }
  get connections(): number {
    return this.entity.cells.row.get(T.I_CUR_SESS);
  }
  get queued(): number {
    let queued = this.entity.cells.row.get(T.I_QUEUE);
    for (const server of this.entity.servers) queued += server.cells.row.get(T.I_QUEUE);
    return queued;
  }
  get rate(): number {
    return this.entity.cells.rateNow(T.C_RATE_SECOND, this.worker.epochSecond);
  }
  get freeSlots(): number {
    return this.free(true);
  }
  get freeConnections(): number {
    return this.free(false);
  }

  /** Of all usable servers; -1 where one of them has no limit. */
  private free(countsQueue: boolean): number {
    let free = 0;
    for (const { cells } of this.entity.servers) {
      if (cells.row.get(T.S_EWEIGHT) <= 0) continue;
      const maxconn = cells.row.get(T.I_MAXCONN);
      const maxqueue = cells.row.get(T.S_MAXQUEUE);
      if (maxconn === 0 || (countsQueue && maxqueue === 0)) return -1;
      free += maxconn - cells.row.get(T.I_CUR_SESS);
      if (countsQueue) free += maxqueue - cells.row.get(T.I_QUEUE);
    }
    return free;
  }
  serverIsUp(name: string): boolean {
    const server = this.server(name);
    return server !== undefined && server.cells.row.get(T.S_STATE) !== T.STATE_STOPPED;
  }
  serverConnections(name: string): number {
    return this.server(name)?.cells.row.get(T.I_CUR_SESS) ?? 0;
  }

  serverFigure(name: string, figure: ServerFigure): number | undefined {
    const server = this.server(name);
    if (server === undefined) return undefined;
    const { row } = server.cells;
    if (figure === 'queue') return row.get(T.I_QUEUE);
    if (figure === 'rate') return server.cells.rateNow(T.C_RATE_SECOND, this.worker.epochSecond);
    if (figure === 'free') return row.get(T.I_MAXCONN) === 0 ? -1 : row.get(T.I_MAXCONN) - row.get(T.I_CUR_SESS);
    return row.get({ iweight: T.S_IWEIGHT, uweight: T.S_UWEIGHT, weight: T.S_EWEIGHT }[figure]);
  }

  private server(name: string): ServerEntity | undefined {
    for (const server of this.entity.servers) if (server.name === name) return server;
    return undefined;
  }
}
