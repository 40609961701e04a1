/** A farm in memory with a clock of its own, for the tests of core/health. */
import { emptyProxy } from '../../src/config/defaults.js';
import type { Proxy, Server } from '../../src/config/model.js';
import { CheckStatus } from '../../src/core/check-status.js';
import type { HealthActions } from '../../src/core/health/actions.js';
import type { ServerHealth } from '../../src/core/health/entities.js';
import { buildFarm, EMPTY_FARM, type Farm } from '../../src/core/health/farm.js';
import { HealthMachine } from '../../src/core/health/machine.js';
import type { HealthEvent } from '../../src/core/messages.js';
import * as T from '../../src/core/table.js';

export const START_S = 1_000_000;

export function server(name: string, settings: Partial<Server> = {}): Server {
  const address = { kind: 'inet' as const, family: 4 as const, host: '127.0.0.1', port: 80 };
  return { name, id: 1, address, portMode: 'fixed', check: true, ...settings };
}

export function backend(name: string, servers: Server[], settings: Partial<Proxy> = {}): Proxy {
  return { ...emptyProxy('backend', name, 2), ...settings, servers };
}

export class World implements HealthActions {
  readonly machine = new HealthMachine(this);
  readonly events: HealthEvent[] = [];
  readonly soon: [server: string, ms: number][] = [];
  farm: Farm = EMPTY_FARM;
  nowMs = 0;
  changes = 0;
  private readonly rows = new Map<string, T.Row>();

  constructor(proxies: Proxy[]) {
    this.advance(0);
    this.apply(proxies);
  }

  apply(proxies: Proxy[]): void {
    this.farm = buildFarm(proxies, (key) => this.row(key), this.farm, this.machine);
    this.machine.flush();
  }

  row(key: string): T.Row {
    const known = this.rows.get(key);
    if (known) return known;
    const row = new T.Row(T.createSegment(1, 1, 1), 0);
    row.set(T.B_LAST_CHANGE, key.startsWith('b:') ? START_S : 0);
    this.rows.set(key, row);
    return row;
  }

  server(name: string): ServerHealth {
    const [proxy, own] = name.split('/');
    return this.farm.servers.get(T.rowKey.server(proxy, own))!;
  }

  backend(name: string): T.Row {
    return this.row(T.rowKey.backend(name));
  }

  advance(ms: number): void {
    this.nowMs += ms;
    this.machine.at(this.nowMs, START_S * 1000 + this.nowMs);
  }

  /** `P`assed, `F`ailed, `C`onditional pass, one letter per check. */
  check(name: string, results: string): void {
    const status = { P: CheckStatus.L7OK, F: CheckStatus.L7STS, C: CheckStatus.L7OKC } as const;
    for (const letter of results) {
      const s = this.server(name);
      this.machine.checkStarted(s);
      const code = { P: 200, F: 503, C: 404 }[letter as 'P'];
      const text = letter === 'F' ? 'Unavailable' : '';
      this.machine.checkEnded(s, { status: status[letter as 'P'], code, durationMs: 1, text });
    }
    this.machine.flush();
  }

  /** Seconds pass; slowstart takes its steps. */
  seconds(count: number): void {
    for (let i = 0; i < count; i++) {
      this.advance(1000);
      for (const s of this.farm.servers.values()) if (s.nextStepMs <= this.nowMs) this.machine.warm(s);
    }
    this.machine.flush();
  }

  /** Log lines since the last call, `level text`. */
  lines(): string[] {
    return this.events.splice(0).map((event) => `${event.level} ${event.text}`);
  }

  log(event: HealthEvent): void {
    if (!event.isQuiet) this.events.push(event);
  }
  changed(): void {
    this.changes++;
  }
  lastCheck(): void {
    this.changes++;
  }
  agentTold(): void {
    this.changes++;
  }
  warming(): void {
    this.changes++;
  }
  checkWithin(s: ServerHealth, ms: number): void {
    this.soon.push([`${s.backend.name}/${s.name}`, ms]);
  }
}
