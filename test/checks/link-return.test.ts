/** A running Fairlead whose only way to its server is a cable that is pulled, and put back. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestNamespace } from '../linux/support/namespaces.js';
import { type RunningProxy, startProxy } from '../support/proxy.js';

async function until(proxy: RunningProxy, wanted: 'UP' | 'DOWN', withinMs: number): Promise<void> {
  const startedMs = Date.now();
  let seen = '';
  while (Date.now() - startedMs < withinMs) {
    const row = (await proxy.ask('show stat')).split('\n').find((line) => line.startsWith('back,s,'));
    seen = row?.split(',')[17] ?? '';
    if (seen === wanted) return;
    await sleep(20);
  }
  assert.fail(`not ${wanted} but ${seen} after ${withinMs} ms:\n${proxy.output()}`);
}

async function events(proxy: RunningProxy): Promise<{ kind: string; detail?: { trigger: { text: string } | null } }[]> {
  const lines = (await proxy.ask('show events json')).split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line) => JSON.parse(line));
}

/** Both ends of the cable, and a server at the other one that answers everything alike. */
async function cable(answer: (socket: Socket) => void) {
  const host = new TestNamespace();
  const other = new TestNamespace();
  host.cable('eth0', other, 'eth0');
  host.ip('address add 10.0.0.1/24 dev eth0');
  other.ip('address add 10.0.0.2/24 dev eth0');
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', () => answer(socket));
  });
  other.run(() => server.listen(8080));
  await once(server, 'listening');
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { host, other, close };
}

function configuration(check: string): string {
  return `global
  stats socket {SOCK} level admin
defaults
  mode tcp
  timeout connect 1s
  timeout client 10s
  timeout server 10s
frontend front
  bind 127.0.0.1:8000
  default_backend back
backend back
  ${check}
  server s 10.0.0.2:8080 check inter 300ms fall 1 rise 3 fastinter 60s downinter 60s`;
}

const page = (socket: Socket) => void socket.end('HTTP/1.0 200 OK\r\n\r\n');
const primary = (socket: Socket) => void socket.write('$13\r\nrole:master\r\n\r\n+PONG\r\n');

for (const [what, check, answer] of [
  ['a check of the connection', '', page],
  ['a check by HTTP', 'option httpchk', page],
  ['a check that knows the role', '# fairlead: check redis', primary],
] as const)
  test(`${what}: a server that went down with the link is up again as soon as the link is`, async (t) => {
    const { host, other, close } = await cable(answer);
    t.after(close);
    const proxy = await startProxy('fairlead', configuration(check), [], [], (start) => host.run(start));
    t.after(() => proxy.stop());
    await until(proxy, 'UP', 10_000);
    other.ip('link set eth0 down');
    await until(proxy, 'DOWN', 20_000);
    await sleep(1500); // the kernel tells of lost carrier once a second
    other.ip('link set eth0 up');
    // Three checks, of which each would wait for a minute. The kernel may take a second to tell, and one to ask for the MAC.
    await until(proxy, 'UP', 10_000);
    const up = (await events(proxy)).findLast(({ kind }) => kind === 'server-up');
    assert.match(up?.detail?.trigger?.text ?? '', /^the link of eth0 came back after \d/);
  });
