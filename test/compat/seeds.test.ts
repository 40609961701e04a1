/**
 * The files of four installations, run as they are printed: in a network namespace that has their addresses, in front of
 * small servers that answer as agents and databases do. Run in the foreground (`-db`); all else is in the files.
 * Sections in `mode http` (statistics pages) do not run in this version, and are said so at the start.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createInterface, type Interface } from 'node:readline';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseStat } from '../../src/control/stats-client.js';
import { systemTest } from '../support/peers.js';

const FAIRLEAD = fileURLToPath(new URL('../../../bin/fairlead', import.meta.url));
const PEER = fileURLToPath(new URL('../support/netns-peer.js', import.meta.url));
const seed = (name: string) =>
  fileURLToPath(new URL(`../../../test/config/haproxy/seeds/${name}.cfg`, import.meta.url));
const NEEDS = { commands: ['ip'], root: true, timeoutMs: 90_000 };

let made = 0;

class Lab {
  readonly name = `flseed-${process.pid}-${made++}`;
  readonly hosts = `/etc/netns/${this.name}/hosts`;
  proxy!: ChildProcess;
  output = '';
  private peer!: ChildProcess;
  private lines!: Interface;

  constructor(t: TestContext, addresses: string[]) {
    t.after(() => this.remove());
    mkdirSync(`/etc/netns/${this.name}`, { recursive: true });
    writeFileSync(this.hosts, '127.0.0.1 localhost\n');
    writeFileSync(`/etc/netns/${this.name}/resolv.conf`, 'nameserver 127.0.0.1\noptions attempts:1 timeout:1\n');
    const ip = (...words: string[]) => execFileSync('ip', words);
    ip('netns', 'add', this.name);
    ip('-n', this.name, 'link', 'set', 'lo', 'up');
    // On the loopback interface, because not every kernel has the dummy one.
    for (const address of addresses) ip('-n', this.name, 'addr', 'add', `${address}/32`, 'dev', 'lo');
    this.peer = this.inside([process.execPath, PEER]);
    this.lines = createInterface({ input: this.peer.stdout! });
  }

  private inside(words: string[]): ChildProcess {
    return spawn('ip', ['netns', 'exec', this.name, ...words], { stdio: ['pipe', 'pipe', 'pipe'] });
  }

  /** One command to the peer, see netns-peer.ts. */
  async tell(command: string): Promise<string> {
    const answer = once(this.lines, 'line');
    this.peer.stdin!.write(`${command}\n`);
    return (await answer)[0] as string;
  }

  async run(name: string): Promise<void> {
    this.proxy = this.inside([process.execPath, FAIRLEAD, 'haproxy', '-f', seed(name), '-db']);
    for (const stream of [this.proxy.stdout!, this.proxy.stderr!])
      stream.on('data', (data) => {
        this.output += data;
      });
    const socket = `/run/fairlead/${this.proxy.pid}.sock`;
    for (const end = Date.now() + 15_000; !existsSync(socket); await sleep(50))
      assert.ok(Date.now() < end && this.proxy.exitCode === null, this.output);
  }

  async statuses(backend: string): Promise<string> {
    const socket = connect(`/run/fairlead/${this.proxy.pid}.sock`);
    let text = '';
    socket.on('data', (data) => {
      text += data;
    });
    socket.write('show stat\n');
    await once(socket, 'close');
    const rows = parseStat(text).filter((row) => row.pxname === backend && !/^(FRONT|BACK)END$/.test(row.svname));
    return rows.map((row) => row.status).join(', ');
  }

  async until(backend: string, statuses: RegExp, timeoutMs = 40_000): Promise<void> {
    for (const end = Date.now() + timeoutMs; !statuses.test(await this.statuses(backend)); await sleep(100))
      assert.ok(Date.now() < end, `${backend}: ${await this.statuses(backend)}, not ${statuses}\n${this.output}`);
  }

  async whos(host: string, port: number, times: number): Promise<string[]> {
    const names = new Set<string>();
    for (let i = 0; i < times; i++) names.add(await this.tell(`who ${host} ${port}`));
    return [...names].sort();
  }

  private async remove(): Promise<void> {
    for (const child of [this.proxy, this.peer]) if (child?.exitCode === null) await ended(child);
    execFileSync('ip', ['netns', 'del', this.name]);
    rmSync(`/etc/netns/${this.name}`, { recursive: true, force: true });
  }
}

async function ended(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

systemTest('Galera: three nodes, checked on 9200; the one that fails is left, and comes back', NEEDS, async (t) => {
  const lab = new Lab(t, ['10.0.0.100', '10.0.0.1', '10.0.0.2', '10.0.0.3']);
  for (const n of [1, 2, 3]) {
    assert.equal(await lab.tell(`serve 10.0.0.${n} 3306 node${n}`), 'listening');
    await lab.tell(`check 10.0.0.${n} 9200 200 OK`);
  }
  await lab.run('galera');
  await lab.until('galera_cluster', /^UP, UP, UP$/);
  assert.deepEqual(await lab.whos('10.0.0.100', 3306, 6), ['node1', 'node2', 'node3']);
  await lab.tell('check 10.0.0.2 9200 503 Service Unavailable');
  await lab.until('galera_cluster', /^UP, DOWN, UP$/);
  assert.deepEqual(await lab.whos('10.0.0.100', 3306, 6), ['node1', 'node3']);
  await lab.tell('check 10.0.0.2 9200 200 OK');
  await lab.until('galera_cluster', /^UP, UP, UP$/);
  assert.deepEqual(await lab.whos('10.0.0.100', 3306, 6), ['node1', 'node2', 'node3']);
});

systemTest('PostgreSQL: names that do not resolve yet; the primary moves', NEEDS, async (t) => {
  const lab = new Lab(t, ['10.0.1.1', '10.0.1.2']);
  for (const n of [1, 2]) await lab.tell(`serve 10.0.1.${n} 5432 pg${n}`);
  await lab.tell('check 10.0.1.1 25432 200 OK');
  await lab.tell('check 10.0.1.2 25432 503 standby');
  await lab.run('postgres');
  assert.equal(await lab.statuses('Postgres-ACD'), 'MAINT (resolution), MAINT (resolution)');
  assert.deepEqual(await lab.whos('127.0.0.1', 15432, 1), ['closed']);
  writeFileSync(lab.hosts, '127.0.0.1 localhost\n10.0.1.1 sms-01\n10.0.1.2 sms-02\n');
  await lab.until('Postgres-ACD', /^UP, DOWN/);
  assert.deepEqual(await lab.whos('127.0.0.1', 15432, 4), ['pg1']);
  await lab.tell('check 10.0.1.1 25432 503 standby');
  await lab.tell('check 10.0.1.2 25432 200 OK');
  await lab.until('Postgres-ACD', /^DOWN, UP$/);
  assert.deepEqual(await lab.whos('127.0.0.1', 15432, 4), ['pg2']);
});

systemTest('ClusterControl: the leader alone answers on port 81', NEEDS, async (t) => {
  const lab = new Lab(t, ['10.0.0.101', '10.0.0.102', '10.0.0.103']);
  for (const n of [1, 2, 3]) {
    await lab.tell(`serve 10.0.0.10${n} 443 cmon${n}`);
    await lab.tell(`check 10.0.0.10${n} 9201 ${n === 2 ? '200 leader' : '503 follower'}`);
  }
  await lab.run('clustercontrol-ui');
  await lab.until('haproxy_10.0.0.101_81', /^DOWN, UP[^,]*, DOWN$/);
  assert.deepEqual(await lab.whos('127.0.0.1', 81, 4), ['cmon2']);
  assert.ok(existsSync('/var/run/haproxy.socket'));
});

systemTest('front-end nodes: everything goes to Apache, whatever becomes of the Jarvis servers', NEEDS, async (t) => {
  const lab = new Lab(t, ['10.0.2.1']);
  await lab.tell('serve 127.0.0.1 81 apache');
  await lab.run('frontend-nodes');
  assert.equal(await lab.statuses('jarvis'), 'MAINT (resolution), MAINT (resolution)');
  assert.deepEqual(await lab.whos('127.0.0.1', 80, 3), ['apache']);
  assert.deepEqual(await lab.whos('10.0.2.1', 80, 1), ['apache']);
});
