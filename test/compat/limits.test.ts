/**
 * Limits and queues: the same clients on the real HAProxy and on Fairlead.
 *
 * Differences that stay (docs/differences.md): with minconn, HAProxy lets clients wait until a session ends although
 * the load has raised the limit meanwhile; `set maxconn frontend` makes HAProxy 2.6 reset the clients in the backlog.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type RunningProxy } from '../support/proxy.js';
import {
  eventually,
  HEAD,
  listen,
  masked,
  namedServer,
  nameHeard,
  openNamed,
  same,
  statRow,
  trouble,
} from '../support/side-by-side.js';

const a = await namedServer('a');
const b = await namedServer('b');
const serverA = `server a 127.0.0.1:${a.port}`;
const serverB = `server b 127.0.0.1:${b.port}`;

const queued = async (proxy: RunningProxy, server: string, count: number) =>
  eventually(async () => Number((await statRow(proxy, 'l', server)).qcur) === count);

function letGo(clients: Iterable<Client>): void {
  for (const client of clients) client.destroy();
}

const PAIR = ['FRONTEND', 'a', 'b', 'BACKEND'];
const ALL = ['FRONTEND', 'a', 'BACKEND'];

same(
  'who waits for any server is served in the order of arrival',
  (port) => listen(port, `${serverA} maxconn 1`),
  async ({ proxy, port }) => {
    const holder = await openNamed(port);
    const waiting: Client[] = [];
    const served: number[] = [];
    for (let i = 0; i < 4; i++) {
      const client = new Client(port);
      client.socket.once('data', () => {
        served.push(i);
        client.end();
      });
      waiting.push(client);
      await queued(proxy, 'BACKEND', i + 1);
    }
    await holder.end().over();
    for (const client of waiting) await client.over();
    letGo(waiting);
    await sleep(50);
    const lines = [];
    for (let i = 0; i < 5; i++) lines.push(masked(await proxy.log(/ l l\/a /)));
    return [served, lines, await trouble(proxy, ALL)];
  },
);

same(
  'maxqueue of a hashed server: one waits, the next goes elsewhere or is refused',
  (port) => listen(port, `balance source\n${serverA} maxconn 1 maxqueue 1`),
  async ({ proxy, port }) => {
    const holder = await openNamed(port);
    const second = new Client(port);
    await queued(proxy, 'a', 1);
    const third = await new Client(port).over();
    const line = masked(await proxy.log(/ l l\//));
    await holder.end().over();
    await second.text('a;');
    await second.end().over();
    await sleep(50);
    return [nameHeard(third), third.error, line, await trouble(proxy, ALL)];
  },
);

same(
  'maxqueue with another server that has room',
  (port) => listen(port, `balance source\n${serverA} maxconn 1 maxqueue 1\n${serverB} maxconn 1 maxqueue 1`),
  async ({ proxy, port }) => {
    const clients = [new Client(port)];
    await clients[0].text(';');
    for (let i = 0; i < 4; i++) {
      clients.push(new Client(port));
      await sleep(80);
    }
    const heard = clients.map(nameHeard);
    const over = clients.map((c) => c.ended || c.closed);
    letGo(clients);
    await sleep(100);
    return [heard, over, await trouble(proxy, PAIR)];
  },
);

same(
  'minconn and fullconn: the limit follows the load',
  (port) => listen(port, `fullconn 6\ntimeout queue 3s\n${serverA} minconn 1 maxconn 4`),
  async ({ proxy, port }) => {
    const clients: Client[] = [];
    const served: number[] = [];
    for (let i = 0; i < 8; i++) {
      clients.push(new Client(port));
      await (i === 0 ? clients[0].text('a;') : sleep(60));
      served.push(clients.filter((c) => c.data.length > 0).length);
    }
    await clients[0].end().over();
    await eventually(() => clients.filter((c) => c.data.length > 0).length === 5);
    const row = await statRow(proxy, 'l', 'a');
    letGo(clients);
    return [served[0], row.slim, row.scur, row.qcur];
  },
);

same(
  'the time in the queue is limited; timeout connect stands in for timeout queue',
  (port) => listen(port, `timeout queue 0\ntimeout connect 300ms\n${serverA} maxconn 1`),
  async ({ proxy, port }) => {
    const holder = await openNamed(port);
    const began = Date.now();
    const second = await new Client(port).over();
    const waited = Date.now() - began;
    const line = masked(await proxy.log(/ l l\//));
    letGo([holder, second]);
    await sleep(50);
    return [waited > 250 && waited < 700, line, await trouble(proxy, ALL)];
  },
);

for (const leaves of ['end', 'say and end', 'reset'] as const)
  same(
    `a client leaves the queue (${leaves}) without abortonclose`,
    (port) => listen(port, `${serverA} maxconn 1`),
    async ({ proxy, port }) => {
      const holder = await openNamed(port);
      const client = new Client(port);
      await queued(proxy, 'BACKEND', 1);
      if (leaves === 'say and end') client.send('hello');
      if (leaves === 'reset') client.reset();
      else client.end();
      const line = masked(await proxy.log(/ l l\//));
      holder.destroy();
      await sleep(50);
      return [line, await trouble(proxy, ALL)];
    },
  );

same(
  'rate-limit sessions lets the others wait',
  (port) => listen(port, `rate-limit sessions 5\n${serverA}`),
  async ({ proxy, port }) => {
    await sleep(1000 - (Date.now() % 1000) + 20);
    const clients = Array.from({ length: 8 }, () => new Client(port));
    await sleep(400);
    const soon = clients.filter((c) => c.data.length > 0).length;
    await eventually(() => clients.every((c) => c.data.length > 0));
    const row = await statRow(proxy, 'l', 'FRONTEND');
    letGo(clients);
    return [soon < 8, row.rate_lim, row.stot];
  },
);

const maxconnCases: readonly (readonly [string, string, (port: number) => string])[] = [
  ['frontend maxconn', HEAD, (port) => listen(port, `maxconn 2\n${serverA}`)],
  ['bind maxconn', HEAD, (port) => `listen l\n  bind 127.0.0.1:${port} maxconn 2\n  ${serverA}\n`],
  ['global maxconn', HEAD.replace('maxconn 200', 'maxconn 2'), (port) => listen(port, serverA)],
];
for (const [name, head, config] of maxconnCases)
  same(
    `${name}: the third client waits in the backlog`,
    config,
    async ({ port }) => {
      const clients = [await openNamed(port), await openNamed(port)];
      const third = new Client(port);
      await sleep(250);
      const before = third.data.length;
      await clients[0].end().over();
      await third.text('a;');
      letGo([...clients, third]);
      return before;
    },
    { head },
  );

same(
  'set maxconn frontend at run time',
  (port) => listen(port, `maxconn 1\n${serverA}`),
  async ({ proxy, port }) => {
    const first = await openNamed(port);
    const second = new Client(port);
    await sleep(150);
    const before = second.data.length;
    await proxy.ask('set maxconn frontend l 5');
    await second.text('a;');
    letGo([first, second]);
    return before;
  },
  { programs: ['fairlead'], expected: 0 },
);

same(
  'the time in the queue of a hashed server is limited',
  (port) => listen(port, `balance source\n${serverA} maxconn 1`),
  async ({ proxy, port }) => {
    const holder = await openNamed(port);
    const second = await new Client(port).over();
    const line = masked(await proxy.log(/ l l\//));
    letGo([holder, second]);
    await sleep(50);
    return [line, await trouble(proxy, ALL)];
  },
);

same(
  'who waits for a server that goes away',
  (port) => listen(port, `timeout queue 3s\n${serverA} maxconn 1\n${serverB} disabled`),
  async ({ proxy, port }) => {
    const holder = await openNamed(port);
    const second = new Client(port);
    await queued(proxy, 'BACKEND', 1);
    await proxy.ask('enable server l/b');
    await second.text('b;');
    await second.end().over();
    const line = masked(await proxy.log(/ l l\//));
    letGo([holder]);
    await sleep(50);
    return [nameHeard(second), line];
  },
);
