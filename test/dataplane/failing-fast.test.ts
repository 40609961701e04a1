/**
 * Backends whose check knows roles: what live traffic sees has the server checked at once, and costs the client as little
 * as possible. The check is a program that notes each of its runs and says what a file says, every ten seconds.
 */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fairlead, file, type Running, until, workDirectory } from '../daemon/program.js';
import { Client, freePort, serve } from '../support/proxy.js';

interface Bed {
  readonly port: number;
  readonly running: Running;
  /** Checks of a server that have begun. */
  checks(server: string): number;
  /** What the check of a server says from now on. */
  set(server: string, isFit: boolean): void;
}

/** @param servers name to port; fit from the start */
async function start(t: TestContext, servers: { [name: string]: number }, more = ''): Promise<Bed> {
  const dir = workDirectory(t);
  const script = join(dir, 'check');
  const portsOf = Object.entries(servers).map(([name, port]) => `${port}) n=${name} ;;`);
  // As for HAProxy's external-check: the server's port is the fourth argument, or in the environment.
  writeFileSync(
    script,
    `#!/bin/sh\ncase "$HAPROXY_SERVER_PORT" in ${portsOf.join(' ')} esac\necho x >> ${dir}/$n.runs\ntest -e ${dir}/$n.fit\n`,
  );
  chmodSync(script, 0o755);
  const set = (server: string, isFit: boolean) =>
    isFit ? writeFileSync(join(dir, `${server}.fit`), '') : rmSync(join(dir, `${server}.fit`), { force: true });
  for (const name of Object.keys(servers)) set(name, true);
  const port = await freePort();
  const addresses = Object.entries(servers).map(([name, at]) => `${name}: '127.0.0.1:${at}'`);
  const text = `global: { threads: 2 }
services:
  s:
    bind: 127.0.0.1:${port}
    balance: first
    timeouts: { connect: 2s, client: 30s, server: 30s }
    check: { type: exec, command: ${script}, interval: 10s, rise: 1, fall: 1 }
    servers: { ${addresses.join(', ')} }
${more}`;
  const running = fairlead(t, 'run', '-f', file(dir, 'fairlead.yaml', text));
  const checks = (server: string) => {
    const path = join(dir, `${server}.runs`);
    return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').length : 0;
  };
  await until(
    'every server is up, and commands are taken',
    () => {
      if (!running.output().includes('ready')) return false;
      const up = running.output().match(/Server s\/\w+ is UP/g) ?? [];
      return up.length >= Object.keys(servers).length;
    },
    15_000,
  );
  return { port, running, checks, set };
}

async function named(t: TestContext, name: string, at?: number) {
  const server = await serve((socket) => void socket.write(`${name}\n`), {}, at);
  t.after(() => server.close());
  return server;
}

test('a refused connection goes to the other server at once, and has the server checked', async (t) => {
  const other = await named(t, 'b');
  const bed = await start(t, { a: await freePort(), b: other.port });
  const before = bed.checks('a');
  const began = performance.now();
  const client = await new Client(bed.port).text('b\n');
  assert.ok(performance.now() - began < 500, 'without the pause of a second');
  await until('a is checked again', () => bed.checks('a') > before, 3000);
  assert.doesNotMatch(bed.running.output(), /Server s\/a is DOWN/); // the failure itself counts as nothing
  client.destroy();
});

test('a session that the server resets has it checked', async (t) => {
  const server = await named(t, 'a');
  const bed = await start(t, { a: server.port });
  const client = await new Client(bed.port).text('a\n');
  const before = bed.checks('a');
  for (const socket of server.sockets) socket.resetAndDestroy();
  await client.over();
  await until('a is checked again', () => bed.checks('a') > before, 3000);
  client.destroy();
});

test('nobody is there: the connection waits, and goes on when health finds somebody', async (t) => {
  const [dead, back] = [await freePort(), await freePort()];
  const bed = await start(t, { a: dead, b: back });
  bed.set('a', false);
  bed.set('b', false);
  const client = new Client(bed.port);
  await until('both are found down', () =>
    /s\/a is DOWN[\s\S]*s\/b is DOWN|s\/b is DOWN[\s\S]*s\/a is DOWN/.test(bed.running.output()),
  );
  assert.equal(client.ended || client.closed, false);
  await named(t, 'b', back);
  bed.set('b', true);
  assert.match(await runtime(bed, 'recheck s/b'), /s\/b/);
  await client.text('b\n');
  client.destroy();
});

test('haproxy.cfg without any of this keeps to its pause', async (t) => {
  const port = await freePort();
  const other = await named(t, 'b');
  const text = `defaults\n mode tcp\n timeout connect 5s\n timeout client 5s\n timeout server 5s\nlisten s\n bind 127.0.0.1:${port}
 balance first\n server a 127.0.0.1:${await freePort()}\n server b 127.0.0.1:${other.port}\n`;
  const running = fairlead(t, 'run', '-f', file(workDirectory(t), 'haproxy.cfg', text));
  await until('ready', () => running.output().includes('ready'));
  const began = performance.now();
  const client = await new Client(port).over(15_000);
  assert.ok(performance.now() - began > 2500, 'three retries on the same server, a second apart');
  assert.equal(client.data.length, 0);
  client.destroy();
});

async function runtime(bed: Bed, command: string): Promise<string> {
  const socket = new Client(`/run/fairlead/${bed.running.pid}.sock`);
  await socket.send(`${command}\n`).over();
  assert.equal(socket.error, '');
  return socket.data.toString();
}
