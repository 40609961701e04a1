/** The thread of role checks fails: it is started again with what was known of claims, and the proxy goes on. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { loadConfig } from '../../src/config/load.js';
import { ProcessLog } from '../../src/daemon/process-log.js';
import { Supervisor } from '../../src/daemon/supervisor.js';
import { file, freePort, until, workDirectory } from './program.js';

/** A Redis that says what it is told to say, and its name to clients. */
class Database {
  private server: Server | null = null;
  private readonly sockets = new Set<Socket>();
  private readonly known = new WeakSet<Socket>();
  port = 0;
  isLocked = false;

  constructor(
    readonly name: string,
    public info: string,
  ) {}

  async listen(): Promise<void> {
    this.server = createServer((socket) => {
      this.sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('data', (bytes) => this.answer(socket, bytes.toString('latin1')));
    }).listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  private answer(socket: Socket, asked: string): void {
    if (asked === 'who\n') socket.end(this.name);
    else if (asked.includes(`AUTH\r\n$6\r\ngeheim\r\n`)) {
      this.known.add(socket);
      socket.write('+OK\r\n');
    } else if (this.isLocked && !this.known.has(socket)) socket.write('-NOAUTH Authentication required.\r\n');
    else socket.write(`$${this.info.length}\r\n${this.info}\r\n+PONG\r\n`);
  }

  die(): void {
    this.server?.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

const history = (role: string, id: string, before = '0') =>
  `role:${role}\r\nmaster_link_status:up\r\nmaster_replid:${id}\r\nmaster_replid2:${before}\r\nmaster_repl_offset:1\r\n`;

async function who(port: number): Promise<string> {
  const { connect } = await import('node:net');
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('who\n'));
    let text = '';
    socket.on('data', (bytes) => (text += String(bytes)));
    socket.on('error', () => resolve(''));
    socket.on('close', () => resolve(text));
  });
}

async function stage(t: TestContext, databases: readonly Database[], password = '') {
  const port = await freePort();
  const servers = databases.map(({ name, port: own }) => `${name}: "127.0.0.1:${own}"`).join(', ');
  const yaml = `services:\n  redis:\n    bind: "127.0.0.1:${port}"\n    check: { type: redis${password} }\n    servers: { ${servers} }\n`;
  const load = () => loadConfig([file(workDirectory(t), 'f.yaml', yaml)]);
  const lines: string[] = [];
  const endings: string[] = [];
  const log = new ProcessLog((line) => lines.push(line));
  const options = { load, log, workers: 1, onEnd: (how: string) => endings.push(how) };
  const supervisor = new Supervisor(load().model, options);
  t.after(async () => {
    supervisor.stop(false);
    await until('the end', () => endings.length > 0);
    for (const database of databases) database.die();
  });
  assert.equal(await supervisor.start(), null);
  const inner = supervisor as unknown as { threads: { roles: { worker: Worker } | null } };
  return { port, lines, endings, roles: () => inner.threads.roles?.worker ?? null };
}

test('a role thread that ends is started again, and knows the stale primary', async (t) => {
  const [a, b] = [new Database('a', history('master', 'h1')), new Database('b', history('slave', 'h1'))];
  for (const database of [a, b]) await database.listen();
  const { port, lines, endings, roles } = await stage(t, [a, b]);
  await until('a to serve', async () => (await who(port)) === 'a');
  b.info = history('master', 'h2', 'h1');
  await until('b to take over', async () => (await who(port)) === 'b');
  await sleep(1200); // what is known of claims is handed to the main thread each second
  const before = roles();
  await before!.terminate();
  assert.equal(await who(port), 'b', 'health goes by what was known last');
  await until('another thread', () => roles() !== null && roles() !== before);
  b.die();
  await until('b to be down', async () => (await who(port)) === '');
  for (const end = Date.now() + 600; Date.now() < end; ) assert.equal(await who(port), '');
  await b.listen();
  await until('b to serve again', async () => (await who(port)) === 'b');
  assert.match(lines.join('\n'), /role checks: ended by themselves/);
  assert.match(lines.join('\n'), /redis\/a says it may take writes and is kept out: stale primary/);
  assert.deepEqual(endings, []);
});

test('a password that cannot be read any more is still known to a thread that is started again', async (t) => {
  const a = new Database('a', history('master', 'h1'));
  await a.listen();
  a.isLocked = true;
  const secret = file(workDirectory(t), 'password', 'geheim');
  const { port, roles } = await stage(t, [a], `, password: { file: "${secret}" }`);
  await until('a to serve', async () => (await who(port)) === 'a');
  rmSync(secret); // as good as given up with root
  const before = roles();
  await before!.terminate();
  await until('another thread', () => roles() !== null && roles() !== before);
  for (const end = Date.now() + 1500; Date.now() < end; await sleep(20)) assert.equal(await who(port), 'a');
});

test('one that ends again and again ends the process in good order', async (t) => {
  const a = new Database('a', history('master', 'h1'));
  await a.listen();
  const { port, lines, endings, roles } = await stage(t, [a]);
  await until('a to serve', async () => (await who(port)) === 'a');
  for (let times = 0; times < 6; times++) {
    await until('a thread', () => roles() !== null);
    await roles()!.terminate();
  }
  await until('the end', () => endings.length > 0, 15_000);
  assert.deepEqual(endings, ['failed']);
  assert.equal(lines.filter((line) => line.includes('role checks: ended by themselves')).length, 6);
});
