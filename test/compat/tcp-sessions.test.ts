/**
 * The life and death of TCP sessions, the same test on the real HAProxy and on Fairlead: what clients and servers see,
 * and the log line (times and ports masked) must be equal. What the manual says of termination codes: §8.5.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemTest } from '../support/peers.js';
import { Client, freePort, type Program, type RunningProxy, serve, startProxy } from '../support/proxy.js';

interface Setup {
  proxy: RunningProxy;
  port: number;
}

const HEAD = `global
  log {LOG} len 8192 local0
  maxconn 200
  nbthread 1
  stats socket {SOCK} level admin
defaults
  mode tcp
  log global
  option tcplog
  retries 1
  timeout connect 400ms
  timeout client 5s
  timeout server 5s
  timeout queue 600ms
`;

/** `… fe be/srv 0/0/12 345 -- 1/1/0/0/0 0/0` without what differs from run to run. */
function masked(line: string): string {
  return line
    .replace(/^.*?\]: /, '')
    .replace(/^127\.0\.0\.1:\d+ \[[^\]]+\]/, 'CLIENT')
    .replace(/ (-1|\d+)\/(-1|\d+)\/(\d+) /, (_, w, c) => ` ${w === '-1' ? -1 : 'W'}/${c === '-1' ? -1 : 'C'}/T `);
}

/** Runs the scenario on both programs and requires equal outcomes. */
function same(
  name: string,
  config: (port: number) => Promise<string> | string,
  scenario: (s: Setup) => Promise<unknown>,
): void {
  systemTest(name, { commands: ['haproxy'], timeoutMs: 60_000 }, async () => {
    const outcomes: unknown[] = [];
    for (const program of ['haproxy', 'fairlead'] as Program[]) {
      const port = await freePort();
      const proxy = await startProxy(program, HEAD + (await config(port)), [port]);
      try {
        outcomes.push(await scenario({ proxy, port }));
      } catch (error) {
        throw new Error(`${program}: ${(error as Error).message}`, { cause: error });
      } finally {
        await proxy.stop();
      }
    }
    assert.deepEqual(outcomes[1], outcomes[0]);
  });
}

const listen = (port: number, lines: string) =>
  `listen l\n  bind 127.0.0.1:${port}\n  ${lines.split('\n').join('\n  ')}\n`;

const echo = await serve((s) => {
  s.on('data', (d) => s.write(d));
  s.on('end', () => s.end());
});
const echoServer = `server s1 127.0.0.1:${echo.port}`;
process.on('exit', () => echo.close());
echo.server.unref();

same(
  'an echo ends normally',
  (port) => listen(port, echoServer),
  async ({ proxy, port }) => {
    const c = await new Client(port).send('hello').text('hello');
    await c.end().over();
    return [c.ended, c.error, masked(await proxy.log(/ l l\/s1 /))];
  },
);

const lastWords = await serve((s) => {
  let heard = '';
  s.on('data', (d) => (heard += d));
  s.on('end', () => s.end(`heard ${heard}`));
});
lastWords.server.unref();

same(
  'a client that half-closes still gets the answer',
  (port) => listen(port, `server s1 127.0.0.1:${lastWords.port}`),
  async ({ proxy, port }) => {
    const c = await new Client(port).send('question').end().over();
    return [c.data.toString(), c.ended, c.error, masked(await proxy.log(/ l l\/s1 /))];
  },
);

same(
  'a server that half-closes first still hears the client',
  (port) => listen(port, `server s1 127.0.0.1:${early.port}`),
  async ({ proxy, port }) => {
    heardByEarly = '';
    const c = await new Client(port).send('a').over();
    c.send('after your end');
    await sleep(200);
    c.end();
    const line = masked(await proxy.log(/ l l\/s1 /));
    return [c.data.toString(), heardByEarly, line];
  },
);

let heardByEarly = '';
const early = await serve((s) => {
  s.on('data', (d) => (heardByEarly += d));
  s.end('bye');
});
early.server.unref();

same(
  'a client reset is a client abort',
  (port) => listen(port, echoServer),
  async ({ proxy, port }) => {
    const c = await new Client(port).send('hello').text('hello');
    c.reset();
    return masked(await proxy.log(/ l l\/s1 /));
  },
);

const resetting = await serve((s) => {
  s.on('data', () => s.resetAndDestroy());
});
resetting.server.unref();

same(
  'a server reset is a server abort',
  (port) => listen(port, `server s1 127.0.0.1:${resetting.port}`),
  async ({ proxy, port }) => {
    const c = await new Client(port).send('hello').over();
    return [c.data.length, masked(await proxy.log(/ l l\/s1 /))];
  },
);

same(
  'nobody listens on the server',
  async (port) => listen(port, `server s1 127.0.0.1:${await freePort()}`),
  async ({ proxy, port }) => {
    const c = await new Client(port).send('hello').over();
    return [c.data.length, masked(await proxy.log(/ l l\/s1 /))];
  },
);

same(
  'redispatch to the other server',
  async (port) =>
    listen(port, `option redispatch\nserver s1 127.0.0.1:${await freePort()}\nserver s2 127.0.0.1:${echo.port}`),
  async ({ proxy, port }) => {
    const c = await new Client(port).send('hello').text('hello');
    await c.end().over();
    return masked(await proxy.log(/ l l\//));
  },
);

same(
  'no server at all',
  (port) => listen(port, `server s1 127.0.0.1:${echo.port} disabled`),
  async ({ proxy, port }) => {
    const c = await new Client(port).send('hello').over();
    return [c.data.length, masked(await proxy.log(/ l l\//))];
  },
);

same(
  'client timeout',
  (port) => listen(port, `timeout client 300ms\n${echoServer}`),
  async ({ proxy, port }) => {
    const c = await new Client(port).send('hello').text('hello');
    await c.over();
    return [c.ended, masked(await proxy.log(/ l l\/s1 /))];
  },
);

same(
  'server timeout',
  (port) => listen(port, `timeout server 300ms\n${echoServer}`),
  async ({ proxy, port }) => {
    const c = await new Client(port).send('hello').text('hello');
    await c.over();
    return [c.ended, masked(await proxy.log(/ l l\/s1 /))];
  },
);

same(
  'tunnel timeout replaces both',
  (port) => listen(port, `timeout tunnel 1500ms\ntimeout client 300ms\ntimeout server 300ms\n${echoServer}`),
  async ({ proxy, port }) => {
    const c = await new Client(port).send('hello').text('hello');
    const began = Date.now();
    await c.over();
    return [Date.now() - began > 1000, masked(await proxy.log(/ l l\/s1 /))];
  },
);

same(
  'maxconn 1: the second waits for the first',
  (port) => listen(port, `${echoServer} maxconn 1`),
  async ({ proxy, port }) => {
    const a = await new Client(port).send('first').text('first');
    const b = new Client(port).send('second');
    await sleep(150);
    const whileWaiting = b.data.length;
    await a.end().over();
    await b.text('second');
    await b.end().over();
    return [whileWaiting, masked(await proxy.log(/ 0\/0$/)), masked(await proxy.log(/ 0\/1$/))];
  },
);

same(
  'queue timeout',
  (port) => listen(port, `${echoServer} maxconn 1`),
  async ({ proxy, port }) => {
    const a = await new Client(port).send('first').text('first');
    const b = await new Client(port).send('second').over();
    const line = masked(await proxy.log(/NOSRV|sQ/));
    await a.end().over();
    return [b.data.length, line];
  },
);

same(
  'a client that leaves the queue',
  (port) => listen(port, `${echoServer} maxconn 1\noption abortonclose`),
  async ({ proxy, port }) => {
    const a = await new Client(port).send('first').text('first');
    const b = new Client(port).send('second');
    await sleep(100);
    b.end();
    const line = masked(await proxy.log(/NOSRV|CQ/));
    a.destroy();
    return line;
  },
);

same(
  'tcp-request connection reject',
  (port) => listen(port, `tcp-request connection reject if { src 127.0.0.0/8 }\n${echoServer}`),
  async ({ proxy, port }) => {
    const c = await new Client(port).over();
    await sleep(100);
    const stat = await proxy.ask('show stat');
    const denied = stat
      .split('\n')
      .find((l) => l.startsWith('l,FRONTEND'))!
      .split(',');
    return [c.data.length, proxy.logs.length, denied[79], denied[7]];
  },
);

same(
  'tcp-request content reject',
  (port) => listen(port, `acl me src 127.0.0.1\ntcp-request content reject if me !{ dst_port 1 }\n${echoServer}`),
  async ({ proxy, port }) => {
    const c = await new Client(port).over();
    return [c.data.length, masked(await proxy.log(/ PR /))];
  },
);

same(
  'use_backend by destination port',
  async (port) =>
    `frontend f\n  bind 127.0.0.1:${port}\n  acl here dst_port ${port}\n  use_backend b2 if here\n  default_backend b1\nbackend b1\n  server x 127.0.0.1:1\nbackend b2\n  ${echoServer}\n`,
  async ({ proxy, port }) => {
    const c = await new Client(port).send('hello').text('hello');
    await c.end().over();
    return masked(await proxy.log(/ f b/));
  },
);

let header = '';
const headers = await serve((s) => {
  s.once('data', (d) => {
    header = d.toString('latin1');
    s.end();
  });
});
headers.server.unref();

for (const version of ['send-proxy', 'send-proxy-v2'])
  same(
    `${version} and accept-proxy`,
    async (port) =>
      `listen l\n  bind 127.0.0.1:${port} accept-proxy\n  server s1 127.0.0.1:${headers.port} ${version}\n`,
    async ({ proxy, port }) => {
      header = '';
      const c = await new Client(port).send('PROXY TCP4 192.0.2.7 198.51.100.9 1234 5678\r\nhello').over();
      const line = (await proxy.log(/ l l\/s1 /))
        .replace(/^.*?\]: /, '')
        .replace(/\[.*?\]/, '')
        .replace(/ \d+\/\d+\/\d+ /, ' ');
      return [c.ended, header, line];
    },
  );

for (const [name, bytes] of [
  ['garbage', 'GET / HTTP/1.0\r\n\r\n'],
  ['a truncated header', 'PROXY TCP4 1.2.3.4'],
] as const)
  same(
    `accept-proxy refuses ${name}`,
    async (port) => `listen l\n  bind 127.0.0.1:${port} accept-proxy\n  ${echoServer}\n`,
    async ({ port }) => {
      const c = await new Client(port).send(bytes).end().over();
      return c.data.length;
    },
  );

same(
  'a frontend at its maxconn lets clients wait',
  (port) => listen(port, `maxconn 2\n${echoServer}`),
  async ({ port }) => {
    const first = [new Client(port).send('1'), new Client(port).send('2')];
    for (const c of first) await c.until((x) => x.data.length === 1);
    const third = new Client(port).send('3');
    await sleep(200);
    const before = third.data.length;
    await first[0].end().over();
    await third.text('3');
    for (const c of [first[1], third]) c.destroy();
    return before;
  },
);

const bytes = randomBytes(3_000_000);
const digest = (b: Buffer) => createHash('sha256').update(b).digest('hex');

same(
  'megabytes arrive whole in both directions, also through a slow reader',
  (port) => listen(port, echoServer),
  async ({ proxy, port }) => {
    const c = new Client(port);
    c.socket.pause();
    c.send(bytes);
    await sleep(500);
    c.socket.resume();
    await c.until((x) => x.data.length >= bytes.length, 20_000);
    await c.end().over();
    return [digest(c.data) === digest(bytes), masked(await proxy.log(/ l l\/s1 /))];
  },
);

same(
  'sessions on a server that is marked down are shut',
  async (port) =>
    listen(
      port,
      `default-server inter 100ms fall 1 rise 1 on-marked-down shutdown-sessions\nserver s1 127.0.0.1:${echo.port} check port ${(await checked()).port}`,
    ),
  async ({ proxy, port }) => {
    const c = await new Client(port).send('hello').text('hello');
    check.close();
    await c.over();
    return [c.data.toString(), masked(await proxy.log(/ l l\/s1 .*D[D-] /))];
  },
);

let check: { port: number; close(): void };
async function checked(): Promise<{ port: number }> {
  check = await serve((s) => s.end());
  return check;
}

same(
  'log-format with every everyday alias',
  (port) =>
    listen(
      port,
      `log-format "%ci %ft %b %s %B %U %ts %ac/%fc/%bc/%sc/%rc %sq/%bq %fi:%fp %si:%sp %lc %{+Q}b %%"\n${echoServer}`,
    ),
  async ({ proxy, port }) => {
    const c = await new Client(port).send('hello').text('hello');
    await c.end().over();
    return (await proxy.log(/ l l s1 /)).replace(/^.*?\]: /, '').replace(`:${port} `, ':PORT ');
  },
);
