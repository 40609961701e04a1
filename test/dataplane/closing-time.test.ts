/** How long it takes from the decision to the last close: 2,000 sessions of one server, in two workers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, freePort, serve, startProxy } from '../support/proxy.js';

const SESSIONS = 2000;
/** Generous: the clients and servers of this test run on the same cores. On a quiet machine it is about 25 ms. */
const LIMIT_MS = 3000;

test(`${SESSIONS} sessions of a server that goes down end together`, { timeout: 60_000 }, async (t) => {
  const server = await serve((socket) => void socket.write('x'));
  t.after(() => server.close());
  const port = await freePort();
  const text = `global
  nbthread 2
  stats socket {SOCK} level admin
defaults
  mode tcp
  timeout connect 10s
  timeout client 60s
  timeout server 60s
listen l
  bind 127.0.0.1:${port}
  server a 127.0.0.1:${server.port} on-marked-down shutdown-sessions
`;
  const proxy = await startProxy('fairlead', text, [port]);
  t.after(() => proxy.stop());
  const clients: Client[] = [];
  while (clients.length < SESSIONS) {
    const batch = Array.from({ length: 100 }, () => new Client(port));
    for (const client of batch) await client.text('x');
    clients.push(...batch);
  }
  await proxy.ask('set server l/a state maint');
  for (const client of clients) await client.over();
  const figure = (text: string, name: string) => Number(new RegExp(`^${name}: (\\d+)`, 'm').exec(text)?.[1]);
  let activity = '';
  for (const end = Date.now() + 5000; figure(activity, 'shut_sessions') !== SESSIONS; await sleep(20)) {
    activity = await proxy.ask('show activity');
    assert.ok(Date.now() < end, activity);
  }
  const [servers, ends] = ['shut_servers_ms_max', 'shut_clients_ms_max'].map((name) => figure(activity, name));
  t.diagnostic(`all servers reset after ${servers} ms, all clients closed after ${ends} ms`);
  assert.ok(servers <= ends && ends < LIMIT_MS, activity);
  for (const client of clients) client.destroy();
});
