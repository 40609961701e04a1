/** An Engine without a daemon: real rows, recorded commands. Tests set the rows to the state they want to see. */
import { emptyModel, emptyProxy, hasBackend, hasFrontend } from '../../src/config/defaults.js';
import type { Bind, Model, Proxy, Server } from '../../src/config/model.js';
import { listenerNames } from '../../src/config/names.js';
import type { Engine } from '../../src/control/engine.js';
import { CheckStatus } from '../../src/core/check-status.js';
import type { ServerNow, StoredEvent } from '../../src/core/events/event.js';
import { History } from '../../src/core/events/history.js';
import type { AdminCommand, HealthEvent, SessionInfo } from '../../src/core/messages.js';
import * as T from '../../src/core/table.js';
import type { VipStatus } from '../../src/core/vrrp/messages.js';

export function server(name: string, id: number, port: number, more: Partial<Server> = {}): Server {
  return { name, id, address: { kind: 'inet', family: 4, host: '127.0.0.1', port }, portMode: 'fixed', ...more };
}

export function proxy(kind: Proxy['kind'], name: string, id: number, more: Partial<Proxy> = {}): Proxy {
  return { ...emptyProxy(kind, name, id), ...more };
}

export function bind(port: number, more: Partial<Bind> = {}): Bind {
  return { address: { kind: 'inet', family: 4, host: '127.0.0.1', port }, ...more };
}

export function model(proxies: Proxy[], global: Partial<Model['global']> = {}): Model {
  const empty = emptyModel();
  return { ...empty, global: { ...empty.global, ...global }, proxies };
}

/** What was asked of the engine, as one text each: `admin be/s1 {"do":"state","state":"maint"}`. */
export class FakeEngine implements Engine {
  readonly pid = process.pid;
  readonly startedAtMs = Date.now();
  reloads = { count: 0, lastOk: true, lastMessage: '', lastAtMs: 0 };
  stopping = false;
  files: readonly string[] = [];
  readonly calls: string[] = [];
  readonly rows = new Map<string, T.Row>();
  readonly addresses = new Map<string, { host: string; port: number }>();
  openSessions: SessionInfo[] = [];
  reloadResult = { ok: true, text: 'applied\n' };
  adminError: string | null = null;

  constructor(
    readonly model: Model,
    readonly workers = 1,
  ) {
    const keys = keysOf(model);
    const segment = T.createSegment(0, keys.length, workers);
    keys.forEach((key, i) => {
      this.rows.set(key, new T.Row(segment, i));
    });
    for (const p of model.proxies) this.fill(p);
    this.row('process')?.set(T.I_MAXCONN, model.global.maxconn ?? 0);
  }

  private fill(p: Proxy): void {
    if (hasFrontend(p)) {
      const row = this.rows.get(T.rowKey.frontend(p.name))!;
      row.set(T.I_STATE, 1);
      row.set(T.I_MAXCONN, p.maxconn ?? 0);
      row.set(T.I_RATE_LIMIT, p.rateLimitSessions ?? 0);
    }
    if (!hasBackend(p)) return;
    for (const s of p.servers) this.fillServer(p, s);
    this.refreshBackend(p);
  }

  private fillServer(p: Proxy, s: Server): void {
    const row = this.rows.get(T.rowKey.server(p.name, s.name))!;
    const [rise, fall] = [s.rise ?? 2, s.fall ?? 3];
    const cells: [number, number][] = [
      [T.S_STATE, s.disabled ? T.STATE_STOPPED : T.STATE_RUNNING],
      [T.S_ADMIN, s.disabled ? T.ADMIN_FMAINT | T.ADMIN_CMAINT : 0],
      [T.S_UWEIGHT, s.weight ?? 1],
      [T.S_IWEIGHT, s.weight ?? 1],
      [T.S_EWEIGHT, s.disabled ? 0 : (s.weight ?? 1) * 16],
      [T.S_RISE, rise],
      [T.S_FALL, fall],
      [T.S_HEALTH, s.disabled ? 0 : rise],
      [T.S_CHECK_STATE, (s.check ? 6 : 0) | (s.disabled ? 8 : 0)],
      [T.S_CHECK_STATUS, CheckStatus.INI],
      [T.S_LAST_CHANGE, Math.floor(Date.now() / 1000)],
      [T.S_LAST_SESS, -1],
      [T.S_IS_BACKUP, s.backup ? 1 : 0],
      [T.S_MAXQUEUE, s.maxqueue ?? 0],
      [T.I_MAXCONN, s.maxconn ?? 0],
    ];
    for (const [cell, value] of cells) row.set(cell, value);
  }

  refreshBackend(p: Proxy): void {
    const row = this.rows.get(T.rowKey.backend(p.name))!;
    const rows = p.servers.map((s) => this.rows.get(T.rowKey.server(p.name, s.name))!);
    const usable = rows.filter((r) => r.get(T.S_EWEIGHT) > 0);
    const active = usable.filter((r) => !r.get(T.S_IS_BACKUP));
    const counted = active.length > 0 ? active : usable;
    row.set(T.B_ACTIVE, active.length);
    row.set(T.B_BACKUP, usable.length - active.length);
    row.set(T.B_WEIGHT, Math.ceil(counted.reduce((sum, r) => sum + r.get(T.S_EWEIGHT), 0) / 16));
    row.set(T.B_UP, usable.length > 0 ? 1 : 0);
    row.set(T.B_LAST_CHANGE, Math.floor(Date.now() / 1000));
    row.set(T.S_LAST_SESS, -1);
  }

  row(key: string): T.Row | undefined {
    return this.rows.get(key);
  }

  listenerName(p: Proxy, i: number): string {
    return listenerNames(p)[i];
  }

  async sessions(): Promise<SessionInfo[]> {
    return this.openSessions;
  }

  killSession(id: number): void {
    this.calls.push(`killSession ${id}`);
  }

  killServerSessions(p: string, s: string): void {
    this.calls.push(`killServerSessions ${p}/${s}`);
  }

  killFrontendSessions(p: string): void {
    this.calls.push(`killFrontendSessions ${p}`);
  }

  /** Where orders came from. */
  readonly orderedBy: (string | undefined)[] = [];

  async admin(p: string, s: string, command: AdminCommand, who?: string): Promise<string | null> {
    this.orderedBy.push(who);
    this.calls.push(`admin ${p}/${s} ${JSON.stringify(command)}`);
    return this.adminError;
  }

  setServerAddress(p: string, s: string, host: string, port: number | null): string | null {
    const key = `${p}/${s}`;
    this.calls.push(`addr ${key} ${host} ${port}`);
    const owner = this.model.proxies.find((x) => x.name === p && hasBackend(x))!;
    const before = this.serverAddress(p, owner.servers.find((x) => x.name === s)!);
    this.addresses.set(key, { host, port: port ?? before.port });
    return null;
  }

  async setFrontend(p: string, to: 'enabled' | 'disabled' | 'shutdown'): Promise<string | null> {
    this.calls.push(`frontend ${p} ${to}`);
    await new Promise((done) => setTimeout(done, 20)); // as in the daemon, it is not done at once: the answer has to wait
    this.rows.get(T.rowKey.frontend(p))?.set(T.I_STATE, { enabled: 1, disabled: 3, shutdown: 0 }[to]);
    return null;
  }

  setMaxconn(target: { kind: string; proxy?: string; server?: string }, n: number): void {
    this.calls.push(`maxconn ${JSON.stringify(target)} ${n}`);
  }

  async reload(): Promise<{ ok: boolean; text: string }> {
    this.calls.push('reload');
    return this.reloadResult;
  }

  stop(): void {
    this.calls.push('stop');
  }

  /** What the VIP thread says. */
  vipStatus: VipStatus | null = null;
  failoverError: string | null = null;

  async vips(): Promise<VipStatus | null> {
    return this.vipStatus;
  }

  async failoverVip(router: string | null, holdMs: number, who: string): Promise<string | null> {
    this.orderedBy.push(who);
    this.calls.push(`failover ${router} ${holdMs}`);
    return this.failoverError;
  }

  readonly history = new History();
  now: ServerNow | null = null;

  async serverNow(): Promise<ServerNow | null> {
    return this.now;
  }

  private readonly listeners = new Set<(event: StoredEvent) => void>();

  onEvent(listener: (event: StoredEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** How many wait for events. */
  get followers(): number {
    return this.listeners.size;
  }

  /** Something happened. */
  tell(event: HealthEvent): void {
    const stored = this.history.add(event, null);
    for (const listener of this.listeners) listener(stored);
  }

  serverAddress(p: string, s: Server): { host: string; port: number } {
    const now = this.addresses.get(`${p}/${s.name}`);
    if (now) return now;
    return s.address.kind === 'inet' ? { host: s.address.host, port: s.address.port } : { host: '-', port: 0 };
  }
}

function keysOf({ proxies }: Model): string[] {
  const keys = [T.rowKey.process()];
  for (const p of proxies) {
    if (hasFrontend(p)) {
      keys.push(T.rowKey.frontend(p.name), ...listenerNames(p).map((name) => T.rowKey.listener(p.name, name)));
    }
    if (hasBackend(p)) {
      keys.push(T.rowKey.backend(p.name), ...p.servers.map((s) => T.rowKey.server(p.name, s.name)));
    }
  }
  return keys;
}
