/** What the operator does to a running process: pause, disable, health through a reload, names that come later. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, fairlead, file, freePort, listenConfig, nameServer, serves, until, workDirectory } from './program.js';

async function setUp(t: TestContext, serverOptions = '', extraServers: (one: number) => string = () => '') {
  const directory = workDirectory(t);
  const [one, port] = [await nameServer(t, 'one'), await freePort()];
  const socket = join(directory, 's.sock');
  const stats = `  stats socket ${socket} level admin`;
  const text = `${listenConfig(port, [one], stats).trimEnd()} ${serverOptions}\n${extraServers(one)}`;
  const path = file(directory, 'a.cfg', text);
  const program = fairlead(t, 'run', '-f', path);
  await until('ready', serves(port));
  return { directory, one, port, socket, path, text, program };
}

function command(socket: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const client = connect(socket, () => client.end(`${text}\n`));
    let answer = '';
    client.on('data', (chunk) => {
      answer += String(chunk);
    });
    client.on('error', reject);
    client.on('close', () => resolve(answer));
  });
}

test('SIGTTOU: clients wait and are served on SIGTTIN; a long pause closes the port', {
  timeout: 30_000,
}, async (t) => {
  const { port, program } = await setUp(t);
  program.child.kill('SIGTTOU');
  await until('paused', () => /Paused proxy a\./.test(program.output()));
  const waiting = ask(port, 4000);
  await sleep(300);
  program.child.kill('SIGTTIN');
  assert.equal(await waiting, 'one\n');
  await until('resumed', () => /Resumed proxy a\./.test(program.output()));
  program.child.kill('SIGTTOU');
  await until('closed', async () => (await ask(port, 300)) === 'ECONNREFUSED', 12_000);
  program.child.kill('SIGTTIN');
  await until('open again', serves(port));
});

test('disable, enable and shutdown frontend', { timeout: 30_000 }, async (t) => {
  const { port, socket, program } = await setUp(t);
  await command(socket, 'disable frontend a');
  await until('closed', async () => (await ask(port, 300)) === 'ECONNREFUSED');
  program.child.kill('SIGHUP');
  await until('reloaded', () => /Configuration reloaded/.test(program.output()));
  assert.equal(await ask(port, 300), 'ECONNREFUSED', 'a reload does not enable it');
  await command(socket, 'enable frontend a');
  await until('open', serves(port));
  await command(socket, 'shutdown frontend a');
  await until('closed', async () => (await ask(port, 300)) === 'ECONNREFUSED');
});

test('a server that is down stays down through a reload; weights and drains of the operator stay', {
  timeout: 30_000,
}, async (t) => {
  const dead = await freePort();
  const more = (one: number) =>
    `  server s2 127.0.0.1:${dead} check inter 50ms fall 1\n  server s3 127.0.0.1:${one} weight 5\n`;
  const { port, socket, program } = await setUp(t, 'check inter 50ms', more);
  await command(socket, 'set server a/s3 state drain');
  const states = async () =>
    (await command(socket, 'show servers state a'))
      .split('\n')
      .filter((line) => / s[23] /.test(line))
      .map((line) => line.split(' ').slice(3, 8).join(' '));
  await until('s2 down', async () => (await states())[0] === 's2 127.0.0.1 0 0 1');
  await command(socket, 'set server a/s1 weight 3');
  const before = await states();
  program.child.kill('SIGHUP');
  await until('reloaded', () => /Configuration reloaded/.test(program.output()));
  assert.deepEqual(await states(), before);
  for (let i = 0; i < 10; i++) assert.equal(await ask(port), 'one\n');
});

test('a name that does not resolve: the server stands in maintenance, the others serve', {
  timeout: 30_000,
}, async (t) => {
  const { port, socket, program } = await setUp(t, '', () => '  server s2 no-such-host.invalid:80\n');
  assert.match(program.output(), /Server a\/s2: 'no-such-host\.invalid' does not resolve/);
  assert.match(await command(socket, 'show stat'), /^a,s2,.*,MAINT \(resolution\),/m);
  for (let i = 0; i < 4; i++) assert.equal(await ask(port), 'one\n');
  const two = await nameServer(t, 'two');
  await command(socket, `set server a/s2 addr 127.0.0.1 port ${two}`);
  await until('s2 serves', async () => (await ask(port)) === 'two\n');
});

test('hard-stop-after ends a soft stop that sessions keep from ending', { timeout: 30_000 }, async (t) => {
  const echo = createServer((s) => s.on('error', () => s.destroy()).pipe(s)).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  t.after(() => echo.close());
  const directory = workDirectory(t);
  const port = await freePort();
  const { port: echoPort } = echo.address() as { port: number };
  const program = fairlead(
    t,
    'run',
    '-f',
    file(directory, 'a.cfg', listenConfig(port, [echoPort], '  hard-stop-after 500ms')),
  );
  await until('ready', () => /ready: a/.test(program.output()));
  const client = connect(port, '127.0.0.1');
  client.on('error', () => client.destroy());
  client.write('1');
  await once(client, 'data');
  program.child.kill('SIGUSR1');
  await once(client, 'close');
  assert.equal(await program.ended, 0);
});

test('a broken file: every error, no start, exit 1', { timeout: 20_000 }, async (t) => {
  const path = file(workDirectory(t), 'a.cfg', 'listen a\n bnd *:1\n server x\n');
  const program = fairlead(t, 'run', '-f', path);
  assert.equal(await program.ended, 1);
  assert.match(program.output(), /a\.cfg:2:2: error: .*bnd/);
  assert.match(program.output(), /a\.cfg:3:/);
});
