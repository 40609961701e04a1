/**
 * Which server each client of a series reaches, through the real HAProxy and through Fairlead.
 *
 * Differences that stay (docs/differences.md): with `hash-type consistent` or the `avalanche` modifier an address keeps
 * its server in both programs, but it need not be the same server: the manual does not define these two functions.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '../support/proxy.js';
import {
  HEAD,
  listen,
  namedServer,
  nameHeard,
  namesInTurn,
  openNamed,
  type Setup,
  same,
} from '../support/side-by-side.js';

const PORTS: Record<string, number> = {};
for (const name of ['a', 'b', 'c', 'd']) PORTS[name] = (await namedServer(name)).port;

/** `server a 127.0.0.1:PORT …`, one for each entry. */
const servers = (options: Record<string, string>) =>
  Object.entries(options)
    .map(([name, words]) => `server ${name} 127.0.0.1:${PORTS[name]} ${words}`)
    .join('\n');

function inTurn(name: string, lines: string, count: number): void {
  same(
    name,
    (port) => listen(port, lines),
    ({ port }) => namesInTurn(port, count),
  );
}

const weighted = { a: 'weight 3', b: 'weight 1', c: 'weight 2' };
inTurn('roundrobin, equal weights', `balance roundrobin\n${servers({ a: '', b: '', c: '' })}`, 9);
inTurn('no balance line is roundrobin', servers({ a: '', b: '', c: '' }), 6);
inTurn('roundrobin with weights', `balance roundrobin\n${servers(weighted)}`, 20);
inTurn('roundrobin with heavy weights', `${servers({ a: 'weight 100', b: 'weight 37', c: 'weight 255' })}`, 40);
inTurn('static-rr with weights', `balance static-rr\n${servers(weighted)}`, 20);
inTurn('static-rr, equal weights', `balance static-rr\n${servers({ a: '', b: '', c: '' })}`, 7);
inTurn('leastconn without held sessions', `balance leastconn\n${servers({ a: '', b: '', c: '' })}`, 9);
inTurn('first', `balance first\n${servers({ a: '', b: '', c: '' })}`, 4);
inTurn('first goes by id', `balance first\n${servers({ a: 'id 30', b: 'id 10', c: 'id 20' })}`, 2);
inTurn('weight 0 gets nothing', servers({ a: 'weight 0', b: '', c: '' }), 6);
inTurn('all of weight 0', servers({ a: 'weight 0' }), 2);
inTurn('disabled gets nothing', servers({ a: '', b: 'disabled', c: '' }), 6);
inTurn('only the first backup serves', servers({ a: 'disabled', b: 'backup', c: 'backup' }), 4);
inTurn('option allbackups', `option allbackups\n${servers({ a: 'disabled', b: 'backup', c: 'backup' })}`, 6);
inTurn(
  'allbackups with weights',
  `option allbackups\n${servers({ a: 'disabled', b: 'backup weight 2', c: 'backup' })}`,
  9,
);
inTurn('leastconn among backups', `balance leastconn\noption allbackups\n${servers({ b: 'backup', c: 'backup' })}`, 6);

/** Opens connections that stay; a name per connection. */
async function held(port: number, count: number): Promise<{ clients: Client[]; names: string }> {
  const clients: Client[] = [];
  for (let i = 0; i < count; i++) clients.push(await openNamed(port));
  return { clients, names: clients.map(nameHeard).join('') };
}

function holding(name: string, lines: string, scenario: (s: Setup) => Promise<unknown>): void {
  same(name, (port) => listen(port, lines), scenario);
}

for (const [name, options] of Object.entries({
  'equal weights': { a: '', b: '', c: '' },
  weights: weighted,
  'maxconn on one': { a: 'maxconn 1', b: '', c: '' },
}))
  holding(`leastconn with held sessions, ${name}`, `balance leastconn\n${servers(options)}`, async ({ port }) => {
    const { clients, names } = await held(port, 12);
    const left = clients.filter((c) => nameHeard(c) === 'b');
    for (const c of left) await c.end().over();
    await sleep(50);
    const more = await held(port, 6);
    for (const c of [...clients, ...more.clients]) c.destroy();
    return [names, more.names];
  });

holding(
  'first with maxconn fills one after the other',
  `balance first\n${servers({ a: 'maxconn 2', b: 'maxconn 1', c: '' })}`,
  async ({ port }) => {
    const { clients, names } = await held(port, 5);
    await clients[0].end().over();
    await sleep(50);
    const more = await held(port, 2);
    for (const c of [...clients, ...more.clients]) c.destroy();
    return [names, more.names];
  },
);

holding(
  'roundrobin passes over full servers',
  `balance roundrobin\n${servers({ a: 'maxconn 1', b: '', c: 'maxconn 2' })}`,
  async ({ port }) => {
    const { clients, names } = await held(port, 9);
    for (const c of clients) c.destroy();
    return names;
  },
);

/** From which server each of several source addresses is served. */
async function bySource(port: number): Promise<string> {
  let names = '';
  for (let i = 1; i <= 24; i++) {
    const client = new Client(port, `127.0.${i % 3}.${i}`);
    await client.until((c) => c.data.includes(';'));
    names += nameHeard(client);
    client.destroy();
  }
  return names;
}

for (const [name, lines, defined] of [
  ['source', 'balance source', true],
  ['source, map-based djb2', 'balance source\nhash-type map-based djb2', true],
  ['source, map-based wt6', 'balance source\nhash-type map-based wt6', true],
  ['source, consistent', 'balance source\nhash-type consistent', false],
  ['source, consistent sdbm avalanche', 'balance source\nhash-type consistent sdbm avalanche', false],
  ['source, map-based crc32 avalanche', 'balance source\nhash-type map-based crc32 avalanche', false],
] as const)
  holding(`${name}: each address has its server`, `${lines}\n${servers(weighted)}`, async ({ port }) => {
    const first = await bySource(port);
    return [defined ? first : [...new Set(first)].sort(), first === (await bySource(port))];
  });

same(
  'an operator drains, weighs and disables',
  (port) => listen(port, servers({ a: '', b: '', c: '' })),
  async ({ proxy, port }) => {
    const seen: string[] = [];
    for (const command of [
      'set server l/a state drain',
      'set server l/a state ready',
      'disable server l/b',
      'enable server l/b',
      'set weight l/c 50%',
      'set server l/c weight 0',
    ]) {
      await proxy.ask(command);
      seen.push(sorted(await namesInTurn(port, 6)));
    }
    return seen;
  },
);

const sorted = (names: string) => [...names].sort().join('');

same(
  'a server whose session limit is raised at run time takes more',
  (port) => listen(port, `balance first\n${servers({ a: 'maxconn 1', b: '' })}`),
  async ({ proxy, port }) => {
    const before = await held(port, 2);
    await proxy.ask('set maxconn server l/a 3');
    const after = await held(port, 3);
    for (const c of [...before.clients, ...after.clients]) c.destroy();
    return [before.names, after.names];
  },
);

same(
  'two threads follow one round-robin order',
  (port) => listen(port, servers({ a: '', b: '', c: '' })),
  ({ port }) => namesInTurn(port, 30),
  { head: HEAD.replace('nbthread 1', 'nbthread 2'), programs: ['fairlead'], expected: 'abc'.repeat(10) },
);
