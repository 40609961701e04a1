/** Rules of `tcp-request` and `tcp-response` that do something besides letting in and turning away, on both programs. */
import { HTTP_HEAD } from '../support/http-side.js';
import { exchange as ask, mirror, request } from '../support/http-side-by-side.js';
import { Client, type RunningProxy, serve } from '../support/proxy.js';
import { eventually, figures, HEAD, listen, masked, namedServer, same } from '../support/side-by-side.js';

const a = await namedServer('a');
const SERVER = `server a 127.0.0.1:${a.port}`;

/** What a client hears that sends at once, or piece by piece, and how it ends. */
async function talk(port: number, pieces: readonly string[], until: string): Promise<string> {
  const client = new Client(port);
  for (const piece of pieces) await client.send(piece);
  await client.until((c) => c.data.includes(until) || c.ended || c.closed || c.error !== '');
  const isOpen = !client.ended && !client.closed && client.error === '';
  if (isOpen) await client.end().over();
  client.destroy();
  return `${client.data.toString('latin1')}<${isOpen ? 'open' : client.error || 'ended'}>`;
}

const withFormat = (format: string) => HEAD.replace('option tcplog', `log-format "${format}"`);

/** Lines of the given mark so far. */
async function lines(proxy: RunningProxy, mark: string, count: number): Promise<string[]> {
  const found = () => proxy.logs.filter((line) => line.includes(mark)).map((line) => line.slice(line.indexOf(mark)));
  await eventually(() => found().length >= count);
  return found();
}

same(
  'variables, captures and addresses that rules set are in conditions and log lines',
  (port) =>
    listen(
      port,
      `tcp-request inspect-delay 2s
tcp-request connection set-var(sess.early) src
tcp-request connection set-src int(0),ipmask(0) if { always_false }
tcp-request session set-var(sess.text) str(one),concat(-,sess.early)
tcp-request content set-var(txn.first) req.payload(0,3) if { req.len ge 3 }
tcp-request content set-var(txn.same,ifnotexists) str(new)
tcp-request content set-var(txn.same,ifnotexists) str(newer)
tcp-request content set-var(txn.gone) str(x)
tcp-request content unset-var(txn.gone)
tcp-request content set-var(txn.n) int(5),add(3)
tcp-request content capture req.payload(0,5) len 4
tcp-request content capture src len 20
tcp-request content accept if { req.len ge 3 }
tcp-request content reject if { var(txn.first) -m str no! }
${SERVER}`,
    ),
  async ({ proxy, port }) => [
    await talk(port, ['hello world'], 'world'),
    await talk(port, ['abc'], 'abc'),
    await lines(proxy, 'VARS', 2),
  ],
  {
    head: withFormat(
      'VARS %[var(sess.early)] %[var(sess.text)] %[var(txn.first)] %[var(txn.same)] %[var(txn.gone)]. %[var(txn.n)] %hr %ts',
    ),
  },
);

same(
  'who is told apart by a variable is refused, and a level of its own or none is logged',
  (port) =>
    listen(
      port,
      `tcp-request inspect-delay 2s
tcp-request content set-var(txn.word) req.payload(0,4)
tcp-request content set-log-level silent if { var(txn.word) -m str hush }
tcp-request content set-log-level err if { var(txn.word) -m str loud }
tcp-request content reject if { var(txn.word) -m str away }
tcp-request content accept if { req.len ge 4 }
${SERVER}`,
    ),
  async ({ proxy, port }) => {
    const heard: string[] = [];
    for (const word of ['hush', 'away', 'loud', 'last']) heard.push(await talk(port, [word], `;${word}`));
    await eventually(() => proxy.logs.filter((line) => / l l\//.test(line)).length >= 3);
    return [
      heard,
      proxy.logs.filter((line) => / l l\//.test(line)).map((line) => `${/^<(\d+)>/.exec(line)?.[1]} ${masked(line)}`),
    ];
  },
);

same(
  'set-src and set-dst stand in logs, conditions and stick tables',
  (port) =>
    listen(
      port,
      `stick-table type ip size 10 expire 60s store conn_cnt
tcp-request connection set-src src,ipmask(8)
tcp-request connection set-src-port int(4711)
tcp-request connection set-dst str(10.1.2.3)
tcp-request connection set-dst-port int(99)
tcp-request session track-sc0 src
${SERVER}`,
    ),
  async ({ proxy, port }) => [
    await talk(port, ['x'], ';x'),
    await lines(proxy, 'ADDR', 1),
    (await proxy.ask('show table l')).match(/key=\S+/g),
  ],
  { head: withFormat('ADDR %ci %cp %fi %fp %[src] %[dst] %[dst_port]') },
);

same(
  'in mode http content rules fill captures and variables that http rules see',
  async (port) => {
    const server = await mirror('s');
    return `frontend f\n  bind 127.0.0.1:${port}\n  declare capture request len 10\n  tcp-request content capture req.hdr(host) len 8\n  tcp-request content set-var(txn.host) req.hdr(host)\n  tcp-request session set-var(sess.a) int(7)\n  http-request set-header x-seen %[var(txn.host)]-%[var(sess.a)]-%[capture.req.hdr(1)]\n  http-request capture path id 0\n  default_backend b\nbackend b\n  server s 127.0.0.1:${server.port}\n`;
  },
  async ({ proxy, port }) => {
    const answer = await ask(port, request('/path'));
    const line = await proxy.log(/GET/);
    return [/x-seen: .*/.exec(answer)?.[0], /\{.*/.exec(line)?.[0]];
  },
  { head: HTTP_HEAD },
);

/** A server that answers what it is told: the bytes behind `say `, or after a while those behind `late `. */
const parrot = await serve((socket) => {
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.end());
  socket.on('data', (data) => {
    for (const line of data.toString('latin1').split('\n')) {
      if (line.startsWith('say ')) socket.write(line.slice(4));
      if (line.startsWith('late ')) setTimeout(() => socket.write(line.slice(5)), 100);
      if (line === 'end') socket.end();
    }
  });
});
parrot.server.unref();

const RESPONSES = `tcp-response inspect-delay 1s
tcp-response content reject if { res.payload(0,3) -m str bad }
tcp-response content close if { res.payload(0,3) -m str bye }
tcp-response content silent-drop if { res.payload(0,4) -m str drop }
tcp-response content set-var(txn.said) res.payload(0,4)
tcp-response content accept if { res.len ge 4 }
server p 127.0.0.1:${parrot.port}`;

same(
  'tcp-response content: what a server says first decides',
  (port) => listen(port, RESPONSES),
  async ({ proxy, port }) => {
    const heard: string[] = [];
    for (const pieces of [
      ['say good\n'],
      ['say bad!\n'],
      ['say bye, more\n'],
      ['say go\n', 'late on\n'],
      ['say x\n', 'end\n'],
      ['end\n'],
      ['late bad\n'],
      ['say slow\nlate er\n'],
    ])
      heard.push(`${pieces.join('')}: ${await talk(port, pieces, pieces.join('').includes('late') ? 'on' : 'good')}`);
    await eventually(() => proxy.logs.filter((line) => / l l\//.test(line)).length >= 8);
    const columns = ['stot', 'dreq', 'dresp', 'ereq', 'eresp', 'cli_abrt', 'srv_abrt', 'bin', 'bout'];
    return [
      heard,
      proxy.logs.filter((line) => / l l\//.test(line)).map((line) => masked(line).split(' ').slice(0, 6)),
      await figures(proxy, 'l', ['FRONTEND', 'p', 'BACKEND'], columns),
    ];
  },
);

same(
  'tcp-response without a delay sees what is there, and that is nothing',
  (port) =>
    listen(port, `tcp-response content reject if { res.payload(0,3) -m str bad }\nserver p 127.0.0.1:${parrot.port}`),
  async ({ port }) => [await talk(port, ['say bad!\n'], 'bad!'), await talk(port, ['say good\n'], 'good')],
);

same(
  'the limits hold while a server is waited for, and its session may be large',
  (port) => listen(port, `timeout server 300ms\n${RESPONSES}`),
  async ({ proxy, port }) => {
    const silent = await talk(port, ['nothing'], 'x');
    const client = new Client(port);
    await client.send(`${'x'.repeat(300_000)}\nsay done\n`);
    await client.until((c) => c.data.includes('done') || c.ended);
    client.destroy();
    await eventually(() => proxy.logs.filter((line) => / l l\//.test(line)).length >= 2);
    return [
      silent,
      client.data.toString(),
      proxy.logs.filter((line) => / l l\//.test(line)).map((line) => masked(line).split(' ').slice(0, 6)),
    ];
  },
);

same(
  'stick store-response on what a server says',
  (port) =>
    listen(
      port,
      `stick-table type binary len 4 size 10 expire 60s\ntcp-response inspect-delay 1s\ntcp-response content accept if { res.len ge 6 }\nstick store-response res.payload_lv(0,1) if { res.len ge 6 }\nserver p 127.0.0.1:${parrot.port}`,
    ),
  async ({ proxy, port }) => [
    await talk(port, ['say \u0004abcdef\n'], 'f'),
    await talk(port, ['say \u0002ab\n'], 'b'),
    (await proxy.ask('show table l')).replace(/0x[0-9a-f]+:/g, '0x:').replace(/exp=[1-9]\d*/g, 'exp=N'),
  ],
);

for (const delay of ['', 'tcp-response inspect-delay 1s'])
  same(
    `tcp-response in an http backend, ${delay || 'without a delay'}`,
    async (port) => {
      const server = await mirror('s');
      return `frontend f\n  bind 127.0.0.1:${port}\n  default_backend b\nbackend b\n  ${delay}\n  tcp-response content reject if { res.hdr(x-no) -m found }\n  tcp-response content close if { res.hdr(x-close) -m found }\n  tcp-response content set-var(txn.a) res.hdr(x-var)\n  http-response set-header x-heard %[var(txn.a)]\n  server s 127.0.0.1:${server.port}\n`;
    },
    async ({ proxy, port }) => {
      const heard: string[] = [];
      for (const give of ['X-Yes: 1', 'X-No: 1', 'X-Close: 1', 'X-Var: v'])
        heard.push((await ask(port, request('/', `X-Give: ${give}`))).replace(/\n\[s\][\s\S]*/, ''));
      const seen: string[] = [];
      await eventually(() => proxy.logs.filter((line) => line.includes('GET')).length >= 4);
      for (const line of proxy.logs.filter((l) => l.includes('GET')))
        seen.push(/ (-?\d+) \d+ - - (\S+)/.exec(line)?.slice(1).join(' ') ?? line);
      return [
        heard,
        seen,
        await figures(proxy, 'b', ['s', 'BACKEND'], ['dresp', 'eresp', 'srv_abrt', 'hrsp_2xx', 'hrsp_other']),
      ];
    },
    { head: HTTP_HEAD },
  );

same(
  'set-priority-class and -offset: who waits is served in that order',
  (port) =>
    listen(
      port,
      `tcp-request inspect-delay 2s
tcp-request content set-priority-class req.payload(0,1),lower if { req.len ge 4 }
tcp-request content set-priority-offset req.payload(1,3),lower if { req.len ge 4 }
tcp-request content accept if { req.len ge 4 }
timeout queue 5s
server a 127.0.0.1:${a.port} maxconn 1`,
    ),
  async ({ proxy, port }) => {
    const first = await new Client(port).send('1000').until((c) => c.data.includes('1000'));
    const order: string[] = [];
    const waiting = [];
    for (const word of ['3000', '2000', '2500', '1000', '0000']) {
      const client = await new Client(port).send(word);
      await eventually(
        async () => Number((await figures(proxy, 'l', ['BACKEND'], ['qcur'])).BACKEND.slice(5)) === waiting.length + 1,
      );
      waiting.push(
        client
          .until((c) => c.data.includes(word))
          .then(async (c) => {
            order.push(word);
            await c.end().over();
          }),
      );
    }
    await first.end().over();
    await Promise.all(waiting);
    return order;
  },
);
