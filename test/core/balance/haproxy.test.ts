/** The same connections through the real HAProxy and through core/balance: the servers must come in the same order. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BalanceOptions, Balancer } from '../../../src/core/balance/balancer.js';
import { hashSource } from '../../../src/core/balance/hash.js';
import { systemTest } from '../../support/peers.js';
import { freePort, serve, startProxy } from '../../support/proxy.js';
import { fixture, nameOf, type ServerSpec } from './table.js';

/** `one`: a connection that ends at once. `hold`: one that stays. `release N`: the N-th held one ends. */
type Step = ['one' | 'hold' | 'release', number];

interface Case {
  readonly name: string;
  readonly lines: readonly string[];
  readonly options: Partial<BalanceOptions>;
  readonly servers: readonly ServerSpec[];
  readonly steps: readonly Step[];
}

const weights = (...list: number[]): ServerSpec[] => list.map((weight) => ({ weight }));
const turns = (algorithm: 'roundrobin' | 'static-rr', ...list: number[]): Case => ({
  name: `${algorithm} ${list}`,
  lines: [`balance ${algorithm}`],
  options: { algorithm },
  servers: weights(...list),
  steps: [['one', 50]],
});

const CASES: Case[] = [
  turns('roundrobin', 1, 1, 1),
  turns('roundrobin', 3, 4, 5),
  turns('roundrobin', 7, 3, 3, 2, 1),
  turns('roundrobin', 216, 188, 208, 84, 136, 172),
  turns('roundrobin', 1, 0, 256, 100),
  turns('static-rr', 7, 3, 3, 2, 1),
  turns('static-rr', 1, 256, 30),
  {
    name: 'roundrobin passes over a full server',
    lines: ['balance roundrobin'],
    options: {},
    servers: [{ weight: 3, maxconn: 1 }, { weight: 2 }, {}],
    steps: [
      ['one', 6],
      ['hold', 1],
      ['one', 10],
      ['release', 0],
      ['one', 20],
    ],
  },
  {
    name: 'leastconn, ties and weights',
    lines: ['balance leastconn'],
    options: { algorithm: 'leastconn' },
    servers: weights(1, 1, 2),
    steps: [
      ['one', 5],
      ['hold', 16],
      ['release', 3],
      ['release', 7],
      ['release', 1],
      ['release', 9],
      ['hold', 12],
    ],
  },
  {
    name: 'leastconn rounds to whole units',
    lines: ['balance leastconn'],
    options: { algorithm: 'leastconn' },
    servers: weights(199, 200, 198),
    steps: [['hold', 24]],
  },
  {
    name: 'first fills by id',
    lines: ['balance first'],
    options: { algorithm: 'first' },
    servers: [{ maxconn: 2, id: 11 }, { maxconn: 1, id: 10 }, { id: 12 }],
    steps: [
      ['hold', 5],
      ['release', 1],
      ['hold', 2],
    ],
  },
  {
    name: 'backups',
    lines: ['balance roundrobin', 'option allbackups'],
    options: { allBackups: true },
    servers: [{ backup: true }, { backup: true, weight: 2 }],
    steps: [['one', 9]],
  },
  {
    name: 'only the first backup',
    lines: ['balance roundrobin'],
    options: {},
    servers: [{ backup: true }, { backup: true, weight: 2 }],
    steps: [['one', 4]],
  },
  {
    name: 'minconn ramp',
    lines: ['balance roundrobin', 'fullconn 10'],
    options: { fullconn: 10 },
    servers: [
      { minconn: 1, maxconn: 5 },
      { minconn: 2, maxconn: 4 },
    ],
    steps: [['hold', 4]],
  },
];

for (const c of CASES)
  systemTest(`as HAProxy: ${c.name}`, { commands: ['haproxy'] }, async () => {
    assert.equal(await byHaproxy(c), byBalancer(c));
  });

function serverLine(spec: ServerSpec, i: number, port: number): string {
  const words = [
    spec.weight === undefined ? '' : `weight ${spec.weight}`,
    spec.id === undefined ? '' : `id ${spec.id}`,
    spec.maxconn === undefined ? '' : `maxconn ${spec.maxconn}`,
    spec.minconn === undefined ? '' : `minconn ${spec.minconn}`,
    spec.backup ? 'backup' : '',
  ];
  return ` server ${nameOf(i)} 127.0.0.1:${port} ${words.join(' ')}`;
}

/** A HAProxy in front of servers that send their name and wait. */
async function withHaproxy<R>(
  lines: readonly string[],
  servers: readonly ServerSpec[],
  bind: string,
  run: (port: number) => Promise<R>,
): Promise<R> {
  const named = await Promise.all(
    servers.map((_, i) =>
      serve((socket) => {
        socket.on('end', () => socket.destroy());
        socket.write(nameOf(i));
      }),
    ),
  );
  const port = await freePort();
  const text = `global
 nbthread 1
 maxconn 200
defaults
 mode tcp
 timeout connect 5s
 timeout client 20s
 timeout server 20s
listen l
 bind 127.0.0.1:${port} ${bind}
 ${lines.join('\n ')}
${servers.map((spec, i) => serverLine(spec, i, named[i].port)).join('\n')}`;
  const proxy = await startProxy('haproxy', text, [port]);
  try {
    return await run(port);
  } finally {
    await proxy.stop();
    for (const server of named) server.close();
  }
}

async function open(port: number, first = ''): Promise<{ name: string; socket: Socket }> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => socket.destroy());
  if (first !== '') socket.write(first);
  const [data] = (await once(socket, 'data')) as [Buffer];
  return { name: data.toString(), socket };
}

/** HAProxy sees the end of a connection a moment after we closed it. */
async function end(socket: Socket): Promise<void> {
  socket.destroy();
  await sleep(8);
}

function byHaproxy(c: Case): Promise<string> {
  return withHaproxy(c.lines, c.servers, '', async (port) => {
    const kept: Socket[] = [];
    let names = '';
    for (const [what, n] of c.steps) {
      if (what === 'release') await end(kept[n]);
      else
        for (let i = 0; i < n; i++) {
          const { name, socket } = await open(port);
          names += name;
          if (what === 'hold') kept.push(socket);
          else await end(socket);
        }
    }
    for (const socket of kept) socket.destroy();
    return names;
  });
}

function byBalancer(c: Case): string {
  const { balancer, backend } = fixture(c.options, c.servers);
  const kept: number[] = [];
  let names = '';
  for (const [what, n] of c.steps) {
    if (what === 'release') release(balancer, kept[n], backend);
    else
      for (let i = 0; i < n; i++) {
        backend.add(0, 1); // I_CUR_SESS of the backend counts who asks
        const picked = balancer.pick(0, -1, () => 0.5);
        names += nameOf(picked);
        balancer.takeSlot(picked);
        if (what === 'hold') kept.push(picked);
        else release(balancer, picked, backend);
      }
  }
  return names;
}

function release(balancer: Balancer, server: number, backend: { add(cell: number, delta: number): number }): void {
  balancer.releaseSlot(server);
  backend.add(0, -1);
}

/** Addresses spread over both families, always the same. */
function clients(): { family: 4 | 6; text: string; bytes: Uint8Array }[] {
  return Array.from({ length: 40 }, (_, i) => {
    const words = Array.from({ length: 8 }, (_, k) => (i * 7919 + k * 104_729 + 13) & 0xffff);
    const six = Uint8Array.from(words.flatMap((w) => [w >> 8, w & 255]));
    return i % 2
      ? { family: 6 as const, text: words.map((w) => w.toString(16)).join(':'), bytes: six }
      : { family: 4 as const, text: six.subarray(0, 4).join('.'), bytes: six.subarray(0, 4) };
  });
}

systemTest('as HAProxy: source, map-based, both families', { commands: ['haproxy'] }, async () => {
  const servers = weights(1, 2, 5);
  const real = await withHaproxy(['balance source'], servers, 'accept-proxy', async (port) => {
    let names = '';
    for (const { family, text } of clients()) {
      const to = family === 4 ? '127.0.0.1' : '::1';
      const { name, socket } = await open(port, `PROXY TCP${family} ${text} ${to} 1000 80\r\n`);
      names += name;
      socket.destroy();
    }
    return names;
  });
  const { balancer } = fixture({ algorithm: 'source' }, servers);
  const ours = clients().map(({ bytes }) => nameOf(balancer.pick(hashSource(bytes, 0, bytes.length), -1, () => 0)));
  assert.equal(ours.join(''), real);
});
