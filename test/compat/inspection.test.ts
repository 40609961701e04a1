/** Content rules on the real HAProxy and on Fairlead: what they wait for, what they decide, what is logged and counted. */
import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { parseStat } from '../../src/control/stats-client.js';
import { Client, type RunningProxy, serve } from '../support/proxy.js';
import { same } from '../support/side-by-side.js';

const [one, two] = await Promise.all(
  ['one', 'two'].map((name) =>
    serve((s) => {
      s.once('data', () => s.end(`${name}\n`));
      s.once('end', () => s.end());
    }),
  ),
);
for (const { server } of [one, two]) server.unref();

const DELAY_MS = 1000;

/** A frontend with these lines, and two backends. */
const inspecting =
  (lines: string[], backend: string[] = []) =>
  (port: number) =>
    `frontend f\n  bind 127.0.0.1:${port}\n  ${lines.join('\n  ')}\n  default_backend one
backend one\n  ${[...backend, `server s 127.0.0.1:${one.port}`].join('\n  ')}
backend two\n  server s 127.0.0.1:${two.port}\n`;

/** Who was connected, how it ended, and the counters; of the times only whether it waited for as long as rules may. */
function masked(line: string): string {
  return line
    .replace(/^.*?\]: /, '')
    .replace(/^127\.0\.0\.1:\d+ \[[^\]]+\]/, 'CLIENT')
    .replace(/(-1|\d+)\/(-1|\d+)\/\+?\d+ /, (_, w, c) => `${waited(Number(w))}/${c === '-1' ? -1 : 'C'}/T `);
}

function waited(ms: number): string {
  return ms < 0 ? '-1' : ms < DELAY_MS / 2 ? 'SHORT' : 'LONG';
}

async function refused(proxy: RunningProxy): Promise<string[]> {
  const rows = parseStat(await proxy.ask('show stat'));
  return rows.map((row) => `${row.pxname}/${row.svname} stot=${row.stot} dreq=${row.dreq} dses=${row.dses}`);
}

const answer = (c: Client) => [c.data.toString('latin1'), c.ended, c.error];

for (const [name, lines, pieces] of [
  ['WAIT_END lets in after the delay', ['tcp-request content accept if WAIT_END'], ['hello']],
  ['WAIT_END refuses after the delay', ['tcp-request content reject if WAIT_END'], ['hello']],
  ['contents decide as soon as they are there', ['tcp-request content reject if { req.len ge 8 }'], ['hello', 'more']],
  ['too few bytes are too few after the delay', ['tcp-request content reject unless { req.len ge 8 }'], ['hello']],
  [
    'a rule that may still hold keeps those behind it waiting',
    ['tcp-request content accept if { req.len ge 8 }', 'tcp-request content reject'],
    ['hello', 'more'],
  ],
  [
    'a rule that may still hold is passed by in the end',
    ['tcp-request content accept if { req.len ge 8 }', 'tcp-request content reject'],
    ['hello'],
  ],
  [
    'REQ_CONTENT waits for the first byte',
    ['tcp-request content accept if REQ_CONTENT', 'tcp-request content reject'],
    ['x'],
  ],
  ['bytes at a place', ['tcp-request content reject unless { req.payload(0,4) -m bin 68656c6c }'], ['hel', 'lo']],
  ['other bytes at a place', ['tcp-request content reject unless { req.payload(0,4) -m str HELL }'], ['hello']],
  ['the beginning of all there is', ['tcp-request content reject if { req.payload(0,0) -m beg hel }'], ['hello']],
  ['something among all there is', ['tcp-request content reject if { req.payload(0,0) -m sub elu }'], ['hello']],
  ['what is no TLS is known at once', ['tcp-request content reject unless { req.ssl_hello_type 1 }'], ['hello']],
  [
    'what may become TLS is waited for',
    ['tcp-request content reject unless { req.ssl_hello_type 1 }'],
    ['\x16\x03\x01'],
  ],
  [
    'a backend by what is there',
    ['tcp-request content accept if { req.len gt 0 }', 'use_backend two if { req.payload(0,1) -m str t }'],
    ['two'],
  ],
  ['silent-drop refuses', ['tcp-request content silent-drop if { req.len ge 3 }'], ['hello']],
] as const)
  same(name, inspecting(['tcp-request inspect-delay 1s', ...lines]), async ({ proxy, port }) => {
    const c = new Client(port);
    for (const piece of pieces) {
      c.send(piece);
      await sleep(100);
    }
    if (!name.startsWith('silent')) await c.over();
    c.end();
    const line = masked(await proxy.log(/ f /));
    await sleep(50);
    const outcome = [name.startsWith('silent') ? '' : answer(c), line, await refused(proxy)];
    c.destroy();
    return outcome;
  });

same(
  'a client that says nothing and ends is decided upon at once',
  inspecting(['tcp-request inspect-delay 3s', 'tcp-request content reject if WAIT_END']),
  async ({ proxy, port }) => {
    const c = await new Client(port).end().over();
    return [answer(c), masked(await proxy.log(/ f /)), await refused(proxy)];
  },
);

same(
  'a client that says nothing and ends may be let in',
  inspecting(['tcp-request inspect-delay 3s', 'tcp-request content accept if WAIT_END']),
  async ({ proxy, port }) => {
    const c = await new Client(port).end().over();
    return [answer(c), masked(await proxy.log(/ f /)), await refused(proxy)];
  },
);

same(
  'a client that resets while rules wait may be one that they refuse',
  inspecting(['tcp-request inspect-delay 3s', 'tcp-request content reject if WAIT_END']),
  async ({ proxy, port }) => {
    const c = new Client(port).send('question');
    await sleep(200);
    c.reset();
    return [masked(await proxy.log(/ f /)), await refused(proxy)];
  },
);

same(
  'a client that ends while rules wait is served what it asked for',
  inspecting(['tcp-request inspect-delay 3s', 'tcp-request content accept if WAIT_END']),
  async ({ proxy, port }) => {
    const c = await new Client(port).send('question').end().over();
    return [answer(c), masked(await proxy.log(/ f /))];
  },
);

same(
  'a client that resets while rules wait',
  inspecting(['tcp-request inspect-delay 3s', 'tcp-request content accept if WAIT_END']),
  async ({ proxy, port }) => {
    const c = new Client(port).send('question');
    await sleep(200);
    c.reset();
    return [masked(await proxy.log(/ f /)), await refused(proxy)];
  },
);

same(
  'the time limit of the client ends the wait',
  inspecting(['timeout client 400ms', 'tcp-request inspect-delay 3s', 'tcp-request content accept if WAIT_END']),
  async ({ proxy, port }) => {
    const c = await new Client(port).send('question').over();
    return [answer(c), masked(await proxy.log(/ f /)), await refused(proxy)];
  },
);

for (const rule of [
  'reject if { req.len ge 3 }',
  'reject if { src 127.0.0.1 }',
  'reject if { src 127.0.0.2 }',
  'accept if WAIT_END',
])
  same(
    `rules of a backend: ${rule}`,
    inspecting(['option tcplog'], ['tcp-request inspect-delay 1s', `tcp-request content ${rule}`]),
    async ({ proxy, port }) => {
      const c = await new Client(port).send('hello').over();
      return [answer(c), masked(await proxy.log(/ f /)), await refused(proxy)];
    },
  );

same(
  'a full buffer is all that is waited for',
  inspecting(['tcp-request inspect-delay 3s', 'tcp-request content accept if { req.len gt 1000000 }']),
  async ({ proxy, port }) => {
    const c = await new Client(port).send(Buffer.alloc(40_000, 'x')).over();
    return [c.data.toString(), masked(await proxy.log(/ f /))];
  },
);

const hellos = ['tcp-request inspect-delay 1s', 'tcp-request content reject unless { req.ssl_hello_type 1 }'];

for (const [name, servername, ALPNProtocols] of [
  ['a TLS client goes where its server name leads', 'two.example', undefined],
  ['a TLS client that names another server', 'one.example', undefined],
  ['a TLS client without a name', undefined, undefined],
  ['a TLS client with a protocol', 'one.example', ['acme-tls/1', 'h2']],
] as const)
  same(
    name,
    inspecting([
      ...hellos,
      'use_backend two if { req.ssl_sni -i TWO.example }',
      'use_backend two if { req.ssl_alpn acme-tls/1 }',
    ]),
    async ({ proxy, port }) => {
      const raw = createConnection(port, '127.0.0.1');
      const tls = connectTls({ socket: raw, servername, ALPNProtocols: ALPNProtocols && [...ALPNProtocols] });
      tls.on('error', () => raw.destroy());
      return masked(await proxy.log(/ f /)).replace(/ \d+ ..? \d\/\d/, '');
    },
  );
