/** What one host runs: HAProxy with keepalived as most people have them, or Fairlead, which is both. */
import { writeFileSync } from 'node:fs';
import type { Host } from '../support/host.js';
import { until } from '../support/wait.js';
import { CONTROL_SOCKET, PRIORITIES, type Protocol, proxyFile, vipFile } from './files.js';
import type { PlaceName } from './network.js';
import { FAIRLEAD, PROCESSES, type Program, startFairlead, startKeepalived } from './programs.js';

export interface StackOptions {
  readonly host: Host;
  readonly name: PlaceName;
  readonly peers: readonly PlaceName[];
  readonly protocol: Protocol;
}

const GONE_TIMEOUT_MS = 20_000;
/** Under the priority of every other host, whatever their scripts add. */
const LOWEST = 50;

export abstract class Stack {
  abstract readonly program: Program;
  /** Whatever serves and advertises. */
  protected abstract readonly everything: RegExp;
  /** What dies when "the proxy" dies. */
  protected abstract readonly proxy: RegExp;
  /** What holds the address. */
  protected abstract readonly advertiser: RegExp;

  constructor(readonly options: StackOptions) {}

  get name(): PlaceName {
    return this.options.name;
  }

  /** Starts what does not run. */
  abstract start(): void;
  /** Gives the address to the other host, while all is well. @param holdMs and leaves it there for so long */
  abstract handOver(holdMs: number): void;
  /** After that time. */
  abstract handBack(): void;

  pids(what: 'everything' | 'proxy' | 'advertiser'): number[] {
    return this.options.host.pids(this[what]);
  }

  kill(what: 'everything' | 'proxy'): void {
    signal(this.pids(what), 'SIGKILL');
  }

  freeze(what: 'everything' | 'advertiser'): void {
    signal(this.pids(what), 'SIGSTOP');
  }

  thaw(): void {
    signal(this.pids('everything'), 'SIGCONT');
  }

  /** In good order: the advertiser is told to end. */
  stop(): void {
    signal(this.pids('advertiser').slice(0, 1), 'SIGTERM');
  }

  reload(): void {
    signal(this.pids('advertiser').slice(0, 1), 'SIGHUP');
  }

  async gone(what: 'everything' | 'proxy' | 'advertiser'): Promise<void> {
    await until(`${this.program} on ${this.name} ends`, GONE_TIMEOUT_MS, async () =>
      this.pids(what).length === 0 ? true : undefined,
    );
  }

  protected writeVipFile(priority = PRIORITIES[this.name]!): string {
    const { host, name, peers, protocol } = this.options;
    const path = host.sandbox.path(`${name}-keepalived.conf`);
    writeFileSync(path, vipFile(name, peers, protocol, priority), { mode: 0o644 });
    return path;
  }
}

/** The lowest pid first: the one that was started and told, before its children. */
function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it went with its parent
    }
  }
}

class KeepalivedStack extends Stack {
  readonly program = 'keepalived';
  protected readonly everything = /^(haproxy|keepalived) /;
  protected readonly proxy = PROCESSES.haproxy;
  protected readonly advertiser = PROCESSES.keepalived;

  start(): void {
    const { host, name } = this.options;
    if (this.pids('proxy').length === 0)
      host.start('haproxy', ['-db', '-f', proxyFile(host.sandbox, name)], { log: `${name}-haproxy.log` });
    if (this.pids('advertiser').length > 0) return;
    startKeepalived(host, name, this.writeVipFile());
  }

  handOver(): void {
    this.writeVipFile(LOWEST);
    this.reload();
  }

  handBack(): void {
    this.writeVipFile();
    this.reload();
  }
}

class FairleadStack extends Stack {
  readonly program = 'fairlead';
  protected readonly everything = PROCESSES.fairlead;
  protected readonly proxy = PROCESSES['fairlead alone'];
  protected readonly advertiser = PROCESSES['fairlead alone'];

  start(): void {
    const { host, name } = this.options;
    if (this.pids('advertiser').length > 0) return;
    startFairlead(host, name, [proxyFile(host.sandbox, name), this.writeVipFile()]);
  }

  handOver(holdMs: number): void {
    const words = ['vip', 'failover', '--hold', `${holdMs}ms`, '-s', CONTROL_SOCKET];
    this.options.host.run(process.execPath, [FAIRLEAD, ...words]);
  }

  /** It takes the address back by itself. */
  handBack(): void {}
}

export function makeStack(program: Program, options: StackOptions): Stack {
  return program === 'keepalived' ? new KeepalivedStack(options) : new FairleadStack(options);
}
