/**
 * An installation in a network namespace that has its addresses: the file of one of the four seeds, run as it is printed,
 * in front of small servers that answer as agents and databases do.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createInterface, type Interface } from 'node:readline';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseStat } from '../../src/control/stats-client.js';

const FAIRLEAD = fileURLToPath(new URL('../../../bin/fairlead', import.meta.url));
const PEER = fileURLToPath(new URL('./netns-peer.js', import.meta.url));
/** Path of a seed's file. */
export const seed = (name: string) =>
  fileURLToPath(new URL(`../../../test/config/haproxy/seeds/${name}.cfg`, import.meta.url));
/** What every such test needs. */
export const NEEDS = { commands: ['ip', 'curl'], root: true, timeoutMs: 90_000 };
const execute = promisify(execFile);

let made = 0;

export class Lab {
  readonly name = `flseed-${process.pid}-${made++}`;
  readonly hosts = `/etc/netns/${this.name}/hosts`;
  proxy!: ChildProcess;
  output = '';
  private peer!: ChildProcess;
  private lines!: Interface;
  private readonly others: ChildProcess[] = [];

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

  /** What curl prints, run inside. */
  async curl(...words: string[]): Promise<string> {
    const { stdout } = await execute('ip', ['netns', 'exec', this.name, 'curl', '-sS', '--max-time', '10', ...words]);
    return stdout;
  }

  /** Starts a program inside; it ends with the installation. */
  start(words: string[]): void {
    this.others.push(this.inside(words));
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

  /** @param file path of another file than the seed of this name */
  async run(name: string, file = seed(name)): Promise<void> {
    this.proxy = this.inside([process.execPath, FAIRLEAD, 'haproxy', '-f', file, '-db']);
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
    for (const child of [this.proxy, this.peer, ...this.others]) if (child?.exitCode === null) await ended(child);
    execFileSync('ip', ['netns', 'del', this.name]);
    rmSync(`/etc/netns/${this.name}`, { recursive: true, force: true });
  }
}

async function ended(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}
