/** Virtual routers on hosts of their own: Fairlead or the real keepalived, started, ended and looked at in the same words. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import type { Host } from '../../lab/support/host.js';
import { run, Sandbox } from '../../lab/support/sandbox.js';
import { until } from '../../lab/support/wait.js';
import { addressOf, buildNetwork, INTERFACE, type Network, type PlaceName } from '../../lab/vip/network.js';
import {
  FAIRLEAD,
  IDLE_PROXY,
  PROCESSES,
  type Program,
  STATUS_SOCKET,
  startFairlead,
  startKeepalived,
} from '../../lab/vip/programs.js';
import type { VipInstanceStatus, VipStatus } from '../../src/core/vrrp/messages.js';

/** What these tests need beside a network. */
export const VIP_NEEDS = { commands: ['ip', 'nft', 'unshare', 'keepalived'], root: true } as const;

export const VIP = { 4: '10.0.0.130', 6: 'fd00::130' } as const;

/** One `vrrp_instance`; what is absent is not written. */
export interface Router {
  readonly version: 2 | 3;
  readonly family: 4 | 6;
  readonly transport: 'multicast' | 'unicast';
  readonly priority: number;
  readonly intervalS: number;
  readonly password?: string;
  /** Default BACKUP. */
  readonly state?: 'MASTER' | 'BACKUP';
  /** Lines inside the instance. */
  readonly more?: string;
  /** Text in front of it. */
  readonly before?: string;
  readonly addresses?: readonly string[];
}

export class Routers {
  private constructor(
    readonly sandbox: Sandbox,
    readonly network: Network,
  ) {}

  /** Everything of it ends with the test. */
  static async open(t: TestContext, places: readonly PlaceName[]): Promise<Routers> {
    const sandbox = new Sandbox('vip-test', process.env.FAIRLEAD_KEEP_LAB === '1');
    t.after(() => sandbox.close());
    return new Routers(sandbox, await buildNetwork(sandbox, places));
  }

  host(place: PlaceName): Host {
    return this.network.hosts.get(place)!;
  }

  /** @param peers with unicast, whom it speaks to. @returns the file's text */
  fileFor(place: PlaceName, router: Router, peers: readonly PlaceName[]): string {
    const { version, family, transport, priority, intervalS, password, state = 'BACKUP' } = router;
    const unicast = [
      `  unicast_src_ip ${addressOf(place, family)}`,
      `  unicast_peer {\n${peers.map((peer) => `    ${addressOf(peer, family)}\n`).join('')}  }`,
    ];
    const lines = [
      `  interface ${INTERFACE}`,
      `  state ${state}`,
      '  virtual_router_id 51',
      `  priority ${priority}`,
      `  advert_int ${intervalS}`,
      ...(password === undefined ? [] : [`  authentication {\n    auth_type PASS\n    auth_pass ${password}\n  }`]),
      ...(transport === 'unicast' ? unicast : []),
      `  virtual_ipaddress {\n${(router.addresses ?? [VIP[family]]).map((one) => `    ${one}\n`).join('')}  }`,
      ...(router.more === undefined ? [] : [router.more]),
    ];
    const head = `global_defs {\n  vrrp_version ${version}\n  enable_script_security\n  script_user root\n}\n`;
    return `${head}${router.before ?? ''}vrrp_instance VI_1 {\n${lines.join('\n')}\n}\n`;
  }

  writeFile(place: PlaceName, text: string): string {
    const path = this.sandbox.path(`${place}-keepalived.conf`);
    writeFileSync(path, text, { mode: 0o644 });
    return path;
  }

  /** @param file text of keepalived.conf. @param proxy text of haproxy.cfg, for Fairlead */
  start(place: PlaceName, program: Program, file: string, proxy = IDLE_PROXY): void {
    const path = this.writeFile(place, file);
    if (program === 'keepalived') {
      startKeepalived(this.host(place), place, path);
      return;
    }
    const proxyPath = this.sandbox.path(`${place}-haproxy.cfg`);
    writeFileSync(proxyPath, proxy);
    startFairlead(this.host(place), place, [proxyPath, path]);
  }

  /** @param what of Fairlead without its helper: `fairlead alone` */
  signal(place: PlaceName, what: keyof typeof PROCESSES, signal: NodeJS.Signals): void {
    const pids = this.host(place).pids(PROCESSES[what]);
    assert.ok(pids.length > 0, `${what} does not run on ${place}: see its log with FAIRLEAD_KEEP_LAB=1`);
    // The first has children, and tells them; a kill tells nobody.
    for (const pid of signal === 'SIGKILL' ? pids : pids.slice(0, 1)) kill(pid, signal);
  }

  async ended(place: PlaceName, what: keyof typeof PROCESSES): Promise<void> {
    await until(`${what} on ${place} ends`, 10_000, async () =>
      this.host(place).pids(PROCESSES[what]).length === 0 ? true : undefined,
    );
  }

  /** Who of all hosts has the address now. */
  holders(address: string = VIP[4]): PlaceName[] {
    return [...this.network.hosts.keys()].filter((place) => {
      const words = ['-n', this.host(place).namespace, '-o', 'address', 'show', 'to', address];
      return run('ip', words).trim() !== '';
    });
  }

  /** Waits until this host alone has the address. @returns ms that it took */
  async untilHeldBy(places: readonly PlaceName[], withinMs: number, address: string = VIP[4]): Promise<number> {
    const begunMs = Date.now();
    let last: PlaceName[] = [];
    const ask = async () => {
      last = this.holders(address);
      return last.join() === places.join() ? true : undefined;
    };
    await until(`${address} on ${places.join() || 'no host'}`, withinMs, ask, 20).catch((error: Error) => {
      throw new Error(`${error.message}; it is on ${last.join() || 'no host'}`);
    });
    return Date.now() - begunMs;
  }

  /** Runs `fairlead WORDS` on that host. @returns what it printed */
  fairlead(place: PlaceName, words: readonly string[]): string {
    return this.host(place).run(process.execPath, [FAIRLEAD, ...words, '-s', STATUS_SOCKET]);
  }

  status(place: PlaceName): VipStatus {
    const words = [process.execPath, FAIRLEAD, 'vip', 'status', '--json', '-s', STATUS_SOCKET];
    // Its exit code tells of faults, which may be what is looked for.
    return JSON.parse(this.host(place).run('sh', ['-c', '"$@" || true', 'sh', ...words])) as VipStatus;
  }

  instance(place: PlaceName): VipInstanceStatus {
    const [instance] = this.status(place).instances;
    assert.ok(instance !== undefined, `Fairlead on ${place} knows no instance`);
    return instance;
  }

  async untilStatus(place: PlaceName, what: string, withinMs: number, isSo: (one: VipInstanceStatus) => boolean) {
    return until(`${place}: ${what}`, withinMs, async () => {
      const instance = this.#instanceNow(place);
      return instance !== undefined && isSo(instance) ? instance : undefined;
    });
  }

  /** A daemon that has just been started does not answer yet. */
  #instanceNow(place: PlaceName): VipInstanceStatus | undefined {
    try {
      return this.status(place).instances[0];
    } catch {
      return undefined;
    }
  }

  /** Adds an interface that has a link as long as both are up, and no other host behind it. */
  addInterface(place: PlaceName, name: string): void {
    const ip = (...words: string[]) => run('ip', ['-n', this.host(place).namespace, ...words]);
    ip('link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}-peer`);
    for (const end of [name, `${name}-peer`]) ip('link', 'set', 'dev', end, 'up');
  }

  /** What passes the switch at the port of a host, until `end`. */
  async capture(place: PlaceName): Promise<Capture> {
    const file = this.sandbox.path(`${place}.pcap`);
    const filter = 'ip proto 112 or ip6 proto 112 or arp or icmp6';
    const words = ['-q', '-p', '-i', place, '-f', filter, '-w', file];
    const child = this.sandbox.start('dumpcap', words, {
      namespace: this.network.switch.namespace,
      log: 'dumpcap.log',
    });
    await until('the capture begins', 5000, async () => (size(file) > 0 ? true : undefined), 20);
    return new Capture(file, child);
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it went with its parent
  }
}

function size(path: string): number {
  return Number(run('sh', ['-c', `stat -c %s "${path}" 2>/dev/null || echo 0`]));
}

/** Packets as tshark reads them. */
export class Capture {
  constructor(
    readonly file: string,
    readonly child: ChildProcess,
  ) {}

  async end(): Promise<void> {
    this.child.kill('SIGINT');
    await until('the capture is written', 5000, async () => (this.child.exitCode === null ? undefined : true), 20);
  }

  /** @param filter of tshark. @returns one row of fields per packet; several values of a field are joined by commas */
  fields(filter: string, names: readonly string[]): string[][] {
    const wanted = names.flatMap((name) => ['-e', name]);
    const checks = ['-o', 'ip.check_checksum:TRUE'];
    const text = run('tshark', ['-n', '-r', this.file, ...checks, '-Y', filter, '-T', 'fields', ...wanted]);
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'));
  }

  /** What tshark has to complain of in advertisements, each text once. */
  complaints(): string[] {
    const rows = this.fields(
      'vrrp && (_ws.expert || _ws.malformed || vrrp.checksum.status != 1 || ip.checksum.status == 0)',
      ['_ws.expert.message', 'vrrp.checksum.status', 'ip.checksum.status', 'ip.src', 'ipv6.src'],
    );
    return [...new Set(rows.map((row) => row.join(' | ')))];
  }
}
