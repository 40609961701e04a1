/**
 * Asks the agents of servers (`agent-check`): connects to each in its own interval, sends what it wants to hear, and hands
 * what it says to the health machine. It uses the same probes as checks do, beside them.
 */
import type { Proxy, Server } from '../config/model.js';
import { CheckStatus } from '../core/check-status.js';
import type { AgentMachine } from '../core/health/agent-machine.js';
import type { ServerHealth } from '../core/health/entities.js';
import type { Farm } from '../core/health/farm.js';
import { firstDelay, spreadInterval } from '../core/health/schedule.js';
import type { CheckReport } from '../core/health/texts.js';
import { rowKey } from '../core/table.js';
import type { Reactor } from '../linux/reactor.js';
import { finding } from './builtin/finding.js';
import type { Checker, CheckOwner } from './checker.js';
import type { IdleSockets } from './idle-sockets.js';
import { type CheckPlan, compileAgent } from './plan.js';
import { Probe } from './probe.js';
import type { ReceiveBuffers } from './receive-buffers.js';
import { Target } from './target.js';

/** What the agents share with the checks. */
export interface AgentHost {
  readonly reactor: Reactor;
  readonly buffers: ReceiveBuffers;
  readonly sockets: IdleSockets;
  readonly nodeName: string;
  tellTime(): void;
}

/** What an agent has said in the answer under way. */
interface Ear {
  heard: string;
}

interface Asked {
  readonly probe: Probe;
  readonly ear: Ear;
  proxy: Proxy;
  spec: Server;
}

const LINE_END = /[\r\n]/;

export class AgentRunner implements CheckOwner {
  private asked = new Map<ServerHealth, Asked>();
  private spreadPercent = 0;

  constructor(
    private readonly host: AgentHost,
    private readonly machine: AgentMachine,
    private readonly random: () => number,
  ) {}

  get reactor(): Reactor {
    return this.host.reactor;
  }
  get buffers(): ReceiveBuffers {
    return this.host.buffers;
  }
  get sockets(): IdleSockets {
    return this.host.sockets;
  }
  get nodeName(): string {
    return this.host.nodeName;
  }

  /** A configuration comes into force; agents that stay keep the time of their next question. */
  arrange(proxies: readonly Proxy[], farm: Farm, before: Farm, maxSpreadMs: number, spreadPercent: number): void {
    this.spreadPercent = spreadPercent;
    const stale = this.asked;
    const fresh: Asked[] = [];
    this.asked = new Map();
    for (const proxy of proxies)
      for (const spec of proxy.servers) {
        const key = rowKey.server(proxy.name, spec.name);
        const server = farm.servers.get(key)!;
        if (server.agent === null) continue;
        const old = before.servers.get(key);
        const kept = old && stale.get(old);
        if (old) stale.delete(old);
        this.asked.set(server, kept ? this.keep(kept, server, proxy, spec) : this.create(fresh, server, proxy, spec));
      }
    for (const { probe } of stale.values()) probe.cancel();
    this.spread(fresh, maxSpreadMs);
  }

  private keep(asked: Asked, server: ServerHealth, proxy: Proxy, spec: Server): Asked {
    asked.proxy = proxy;
    asked.spec = spec;
    this.aim(asked, server);
    return asked;
  }

  private create(fresh: Asked[], server: ServerHealth, proxy: Proxy, spec: Server): Asked {
    const ear: Ear = { heard: '' };
    const target = new Target(proxy, agentServer(spec), server.row);
    const asked = { proxy, spec, ear, probe: new Probe(this, server, target, planOf(ear, proxy, spec, server)) };
    fresh.push(asked);
    return asked;
  }

  /** Where it is asked, or what it is told, has changed. */
  retarget(server: ServerHealth): void {
    const asked = this.asked.get(server);
    if (asked !== undefined) this.aim(asked, server);
  }

  private aim({ probe, ear, proxy, spec }: Asked, server: ServerHealth): void {
    probe.adopt(server, new Target(proxy, agentServer(spec), server.row), planOf(ear, proxy, spec, server));
  }

  private spread(fresh: readonly Asked[], maxSpreadMs: number): void {
    const intervals = fresh.map(({ probe }) => probe.server.settings.agentInterMs);
    const shortestMs = Math.min(Number.MAX_SAFE_INTEGER, ...intervals);
    const nowMs = performance.now();
    fresh.forEach(({ probe }, i) => {
      this.reactor.timers.arm(probe, nowMs + firstDelay(i, fresh.length, shortestMs, maxSpreadMs));
    });
  }

  stop(): void {
    for (const { probe } of this.asked.values()) probe.cancel();
    this.asked.clear();
  }

  // ── What probes report ────────────────────────────────────────────────────────────────────────────────────────────

  /** In maintenance too: its agent may be what ends that. */
  wants(server: ServerHealth): boolean {
    return server.agent?.isEnabled === true;
  }

  started({ server }: Checker): void {
    this.machine.started(server);
  }

  ended(checker: Checker, report: CheckReport): void {
    const { server } = checker;
    this.host.tellTime();
    const asked = this.asked.get(server);
    if (report.status === CheckStatus.L7OK && asked !== undefined)
      this.machine.answered(server, asked.ear.heard, report.durationMs);
    else this.machine.failed(server, report);
    this.arm(checker);
  }

  missed(checker: Checker): void {
    this.machine.cancelled(checker.server);
    this.arm(checker);
  }

  private arm(checker: Checker): void {
    const waitMs = spreadInterval(checker.server.settings.agentInterMs, this.spreadPercent, this.random());
    this.reactor.timers.arm(checker, performance.now() + waitMs);
  }
}

/** The line is taken apart elsewhere: here it has only to be whole. */
function planOf(ear: Ear, proxy: Proxy, spec: Server, { agent, settings }: ServerHealth): CheckPlan {
  return compileAgent(proxy, agentServer(spec), {
    addr: agent?.addr ?? spec.agentAddr,
    port: agent?.port ?? settings.agentPort,
    send: agent?.send ?? spec.agentSend ?? '',
    interMs: settings.agentInterMs,
    codec: (received, isFinal) => {
      ear.heard = received.toString('utf8');
      return isFinal || LINE_END.test(ear.heard) ? finding(CheckStatus.L7OK) : null;
    },
  });
}

/** What its line says of checks is not about the agent. */
function agentServer(server: Server): Server {
  const { checkAddr: _addr, checkPort: _port, sendProxy: _proxy, checkSendProxy: _check, ...rest } = server;
  return rest;
}
