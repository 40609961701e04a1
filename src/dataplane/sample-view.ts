/** A session and the shared table seen through the eyes of sample fetches: one object per worker, pointed at a session. */
import type { BackendView, SampleContext } from '../core/expr/context.js';
import * as T from '../core/table.js';
import type { BackendEntity } from './entities.js';
import { destinationOf } from './proxy-header.js';
import type { Session } from './session.js';
import type { DataplaneWorker } from './worker-context.js';

export class SampleView implements SampleContext {
  readonly source = new Uint8Array(16);
  readonly destination = new Uint8Array(16);
  sourceFamily: 0 | 4 | 6 = 0;
  private session!: Session;
  private destinationKnown = false;
  private family: 0 | 4 | 6 = 0;
  private port = 0;

  constructor(private readonly worker: DataplaneWorker) {}

  of(session: Session): this {
    this.session = session;
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
  get receivedProxy(): boolean {
    return this.session.destination.known;
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
  get nowEpochMs(): number {
    return this.worker.reactor.nowMs + this.worker.epochOffsetMs;
  }
  random(): number {
    return Math.random();
  }
  environment(name: string): string | undefined {
    return process.env[name];
  }
  backend(name: string): BackendView | undefined {
    const entity = this.worker.backends.get(name || this.session.frontend.name);
    return entity === undefined ? undefined : new BackendFigures(entity, this.worker);
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

class BackendFigures implements BackendView {
  constructor(
    private readonly entity: BackendEntity,
    private readonly worker: DataplaneWorker,
  ) {}

  get usableServers(): number {
    return this.entity.servers.filter((s) => s.cells.row.get(T.S_EWEIGHT) > 0).length;
  }
  get connections(): number {
    return this.entity.cells.row.get(T.I_CUR_SESS);
  }
  get queued(): number {
    return this.entity.servers.reduce((n, s) => n + s.cells.row.get(T.I_QUEUE), this.entity.cells.row.get(T.I_QUEUE));
  }
  get rate(): number {
    return this.entity.cells.rateNow(T.C_RATE_SECOND, this.worker.epochSecond);
  }
  get freeSlots(): number {
    let free = 0;
    for (const { cells } of this.entity.servers) {
      if (cells.row.get(T.S_EWEIGHT) <= 0) continue;
      const maxconn = cells.row.get(T.I_MAXCONN);
      const maxqueue = cells.row.get(T.S_MAXQUEUE);
      if (maxconn === 0 || maxqueue === 0) return -1;
      free += maxconn - cells.row.get(T.I_CUR_SESS) + maxqueue - cells.row.get(T.I_QUEUE);
    }
    return free;
  }
  serverIsUp(name: string): boolean {
    const server = this.entity.servers.find((s) => s.name === name);
    return server !== undefined && server.cells.row.get(T.S_STATE) !== T.STATE_STOPPED;
  }
  serverConnections(name: string): number {
    return this.entity.servers.find((s) => s.name === name)?.cells.row.get(T.I_CUR_SESS) ?? 0;
  }
}
