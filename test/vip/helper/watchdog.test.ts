/**
 * The watchdog in a network namespace: a daemon that is killed, stopped, or gone leaves no address behind, and the others
 * are told, after the addresses are gone.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { removeRouteRequest } from '../../../src/linux/route-requests.js';
import type { Goodbye, Held } from '../../../src/vip/helper/messages.js';
import { eventually, isGroupAlive, script, TestHelper, Workshop } from './support.js';

const DAEMON = fileURLToPath(new URL('./fake-daemon.js', import.meta.url));
const LISTENER = fileURLToPath(new URL('./listener.js', import.meta.url));
const LIMIT_MS = 60;
const PACKET = '3105000100640001'; // no checksum: nobody here looks at it

const namespace = `vhelper-${process.pid}`;
/** The host at the other end of its cable. */
const peer = `${namespace}p`;
const ip = (...args: string[]) => execFileSync('ip', ['-n', namespace, ...args], { encoding: 'utf8' });
let index = 0;

before(() => {
  execFileSync('ip', ['netns', 'add', namespace]);
  ip('link', 'set', 'lo', 'up');
  execFileSync('ip', ['netns', 'add', peer]);
  ip('link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth1', 'netns', peer);
  ip('link', 'set', 'eth0', 'up');
  execFileSync('ip', ['-n', peer, 'link', 'set', 'eth1', 'up']);
  ip('addr', 'add', '10.99.0.1/24', 'dev', 'eth0');
  index = Number(/^(\d+):/.exec(ip('link', 'show', 'eth0'))![1]);
});

after(() => {
  for (const name of [namespace, peer]) execFileSync('ip', ['netns', 'del', name]);
});

const vip = (i: number) => `10.99.1.${i}`;
const goodbye = (parts: Partial<Goodbye> = {}): Goodbye => ({
  family: 4,
  interface: 'eth0',
  source: '10.99.0.1',
  destinations: ['224.0.0.18'],
  ttl: 255,
  packet: Buffer.from(PACKET, 'hex').toString('base64'),
  ...parts,
});

/** Puts addresses in place, and says that they are held. */
function take(count: number, goodbyes: readonly Goodbye[] = []): Held {
  const ips = Array.from({ length: count }, (_, i) => vip(i + 1));
  for (const address of ips) ip('addr', 'add', `${address}/32`, 'dev', 'eth0');
  return { addresses: ips.map((one) => ({ interfaceIndex: index, ip: one, prefixLength: 32 })), routes: [], goodbyes };
}

const addressesLeft = () => ip('-4', 'addr', 'show', 'dev', 'eth0').match(/inet 10\.99\.1\./g)?.length ?? 0;

/** Lines of a program. */
class Watched {
  readonly lines: string[] = [];
  readonly process: ChildProcess;
  private readonly reader: Interface;

  constructor(where: string, ...command: string[]) {
    this.process = spawn('ip', ['netns', 'exec', where, ...command], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.reader = createInterface({ input: this.process.stdout! });
    this.reader.on('line', (line) => this.lines.push(line));
  }

  /** @returns ms from now until that line @throws Error after 5 s */
  async line(isIt: (line: string) => boolean, what: string): Promise<number> {
    const fromMs = performance.now();
    const limit = AbortSignal.timeout(5000);
    while (!this.lines.some(isIt)) {
      await once(this.reader, 'line', { signal: limit }).catch(() => {
        throw new Error(`waited in vain for ${what}`);
      });
    }
    return performance.now() - fromMs;
  }

  async end(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await ended;
  }
}

describe('a daemon', () => {
  let watched: Watched[] = [];
  let shop: Workshop;
  let helperPid = 0;

  beforeEach(() => {
    shop = new Workshop();
  });

  afterEach(async () => {
    for (const each of watched) await each.end();
    watched = [];
    await eventually(() => !isGroupAlive(helperPid), 'the end of the helper');
    ip('addr', 'flush', 'dev', 'eth0', 'to', '10.99.1.0/24');
    shop.remove();
  });

  function watch(where: string, ...command: string[]): Watched {
    const one = new Watched(where, ...command);
    watched.push(one);
    return one;
  }

  async function start(held: Held, parts: object = {}): Promise<Watched> {
    const told = { held, limitMs: null, scripts: [], rtPriority: 0, ...parts };
    const daemon = watch(namespace, process.execPath, DAEMON, JSON.stringify(told));
    await daemon.line((line) => line.includes('"helper"'), 'the helper');
    helperPid = (JSON.parse(daemon.lines.find((line) => line.includes('"helper"'))!) as { pid: number }).pid;
    return daemon;
  }

  /** `ip monitor` in the namespace; @returns when it listens */
  async function monitor(): Promise<Watched> {
    const one = watch(namespace, 'ip', '-o', 'monitor', 'address');
    await eventually(() => {
      ip('addr', 'add', '10.99.1.200/32', 'dev', 'eth0');
      ip('addr', 'del', '10.99.1.200/32', 'dev', 'eth0');
      return one.lines.some((line) => line.includes('Deleted') && line.includes('10.99.1.200'));
    }, 'the monitor');
    return one;
  }

  const isGone = (line: string) => line.includes('Deleted') && line.includes(`${vip(1)}/`);

  test('that is killed: the address is gone within 50 ms, and the goodbye is said', async () => {
    const listener = watch(peer, process.execPath, LISTENER, 'eth1', '224.0.0.18');
    await listener.line((line) => line === 'ready', 'the listener');
    const changes = await monitor();
    const daemon = await start(take(1, [goodbye()]));
    const [goneMs] = await Promise.all([changes.line(isGone, 'the removal'), daemon.process.kill('SIGKILL')]);
    assert.ok(goneMs < 50, `gone after ${goneMs} ms`);
    await listener.line((line) => line.includes(PACKET), 'the goodbye');
    assert.deepEqual(JSON.parse(listener.lines[1]), {
      source: '10.99.0.1',
      destination: '224.0.0.18',
      ttl: 255,
      packet: PACKET,
      addresses: JSON.parse(listener.lines[1]).addresses,
    });
    assert.equal(addressesLeft(), 0);
  });

  test('that is stopped: the address is gone within its limit and 50 ms, and it learns so when it wakes', async () => {
    const changes = await monitor();
    const daemon = await start(take(1), { limitMs: LIMIT_MS });
    await new Promise((resolve) => setTimeout(resolve, 500)); // it beats: nothing happens
    assert.equal(addressesLeft(), 1);
    const pid = Number(
      /^\d+/.exec(execFileSync('ps', ['-o', 'ppid=', '-p', String(helperPid)], { encoding: 'utf8' }).trim())![0],
    );
    const [goneMs] = await Promise.all([changes.line(isGone, 'the removal'), process.kill(pid, 'SIGSTOP')]);
    assert.ok(goneMs < LIMIT_MS + 50 && goneMs > LIMIT_MS / 2, `gone after ${goneMs} ms`);
    process.kill(pid, 'SIGCONT');
    await daemon.line((line) => line.includes('"released"'), 'released');
    const { afterMs } = JSON.parse(daemon.lines.find((line) => line.includes('"released"'))!) as { afterMs: number };
    assert.ok(afterMs >= LIMIT_MS && afterMs < LIMIT_MS + 50, `said ${afterMs} ms`);
  });

  test('that was paused together with the helper, as a machine is, keeps its address', async () => {
    const daemon = await start(take(1), { limitMs: LIMIT_MS });
    for (let i = 0; i < 5; i++) {
      for (const pid of [daemon.process.pid!, helperPid]) process.kill(pid, 'SIGSTOP');
      await new Promise((resolve) => setTimeout(resolve, 300));
      for (const pid of [helperPid, daemon.process.pid!]) process.kill(pid, 'SIGCONT');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.equal(addressesLeft(), 1);
    assert.ok(!daemon.lines.some((line) => line.includes('"released"')));
  });

  test('that is stopped without a limit is left alone', async () => {
    const daemon = await start(take(1));
    daemon.process.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(addressesLeft(), 1);
    daemon.process.kill('SIGCONT');
  });

  test('addresses go before the goodbye is said', async () => {
    const listener = watch(namespace, process.execPath, LISTENER, '', '');
    await listener.line((line) => line === 'ready', 'the listener');
    const before = ip('-o', 'addr', 'show').trim().split('\n').length;
    const daemon = await start(take(250, [goodbye({ interface: '', destinations: ['10.99.0.1'] })]));
    daemon.process.kill('SIGKILL');
    await listener.line((line) => line.includes(PACKET), 'the goodbye');
    assert.equal((JSON.parse(listener.lines[1]) as { addresses: number }).addresses, before);
  });

  test('routes go too, and what is gone already is no matter', async () => {
    ip('route', 'add', '10.98.0.0/24', 'via', '10.99.0.7', 'proto', '18');
    const request = removeRouteRequest({
      family: 4,
      type: 'unicast',
      destination: '10.98.0.0',
      prefixLength: 24,
      via: '10.99.0.7',
    })!;
    const message = Buffer.from(request).toString('base64');
    const held = take(2);
    const daemon = await start({ ...held, routes: [{ text: 'route 10.98.0.0/24', message }] });
    ip('addr', 'del', `${vip(1)}/32`, 'dev', 'eth0');
    daemon.process.kill('SIGKILL');
    await eventually(() => addressesLeft() === 0, 'the removal');
    await eventually(() => ip('route', 'show', '10.98.0.0/24') === '', 'the removal of the route');
  });

  test('that is killed leaves no script running, also with hundreds of them', async () => {
    const hangs = shop.program('hangs', `trap '' TERM HUP INT; echo $$ >> ${shop.at('pids')}; sleep 1000 & sleep 1000`);
    const scripts = Array.from({ length: 20 }, (_, i) => script(`s${i}`, [hangs], { timeoutMs: 60_000 }));
    const busy = Array.from({ length: 100 }, (_, i) => script(`t${i}`, ['true'], { intervalMs: 500 }));
    const changes = await monitor();
    const daemon = await start(take(1), { scripts: [...scripts, ...busy] });
    await eventually(() => shop.read('pids').trim().split('\n').length === 20, 'all starts');
    const [goneMs] = await Promise.all([changes.line(isGone, 'the removal'), daemon.process.kill('SIGKILL')]);
    assert.ok(goneMs < 100, `gone after ${goneMs} ms`);
    const pids = shop.read('pids').trim().split('\n').map(Number);
    await eventually(() => !pids.some(isGroupAlive), 'the end of all groups');
  });
});

test('what is held last counts, and what cannot be undone is said', async (t) => {
  const helper = new TestHelper(namespace);
  t.after(() => helper.process.kill('SIGKILL'));
  const { addresses } = take(2);
  helper.say({ type: 'held', held: { addresses, routes: [], goodbyes: [] } });
  helper.say({
    type: 'held',
    held: {
      addresses: [...addresses.slice(1), { interfaceIndex: index, ip: 'nonsense', prefixLength: 32 }],
      routes: [{ text: 'route R', message: Buffer.from('what').toString('base64') }],
      goodbyes: [goodbye({ interface: 'nowhere0' })],
    },
  });
  await helper.hear('log', ({ text }) => text.includes('nowhere0'));
  await helper.abandon();
  assert.equal(addressesLeft(), 1);
  assert.deepEqual(helper.logs(), [
    `what removes address nonsense/32 on interface ${index} is no netlink request; it would stay`,
    'what removes route R is no netlink request; it would stay',
    "no goodbye from 10.99.0.1 could be sent through 'nowhere0': No such device",
  ]);
  ip('addr', 'flush', 'dev', 'eth0', 'to', '10.99.1.0/24');
});

test('an orderly end removes what is held still', async () => {
  const helper = new TestHelper(namespace);
  helper.say({ type: 'held', held: take(1) });
  const ended = once(helper.process, 'exit');
  helper.say({ type: 'end' });
  await ended;
  assert.equal(addressesLeft(), 0);
});
