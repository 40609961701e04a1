/**
 * `show errors` beside the real HAProxy: which messages are kept, whose they are, where they break and how their bytes
 * are shown. Names of a head that was whole are in lower case already. HAProxy's lines about its own flags have no counterpart; ours names the error in their place.
 */
import { Client, type RunningProxy, serve } from '../support/proxy.js';
import { HEAD, type Setup, same } from '../support/side-by-side.js';

/** What a server of the tests answers to everything. */
let answer = '';
const server = await serve((socket) => {
  socket.on('data', () => socket.write(Buffer.from(answer, 'latin1')));
  socket.on('end', () => socket.end());
});
server.server.unref();

const config = (port: number) => `frontend f
  bind 127.0.0.1:${port}
  default_backend b
backend b
  server s1 127.0.0.1:${server.port}
`;

async function send(port: number, bytes: string): Promise<string> {
  const client = await new Client(port).send(Buffer.from(bytes, 'latin1')).until((c) => c.data.includes('\r\n\r\n'));
  const status = client.data.toString('latin1').slice(9, 12);
  await client.end().over();
  client.destroy();
  return status;
}

/** The answer without what differs from run to run and between the programs. */
async function shown(proxy: RunningProxy, command: string): Promise<string[]> {
  const text = await proxy.ask(command);
  return text
    .split('\n')
    .filter((line) => !/^ {2}(H1 |[A-Z][A-Z0-9_]+: )/.test(line))
    .map((line) => line.replace(/\[[^\]]+\]/, '[DATE]').replace(/src 127\.0\.0\.1:\d+/, 'src CLIENT'))
    .map((line) => line.replace(/\d+ free,$/, 'N free,').replace(/wraps at \d+/, 'wraps at N'));
}

const HTTP = HEAD.replace('mode tcp', 'mode http').replace('option tcplog', 'option httplog');

const BROKEN = [
  'GET / HTTP/1.1\r\nHost: a\r\nA(: b\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\nX: \\a\t\xe9\r\nB d: b\r\n\r\nbody',
  `GET /${'y'.repeat(150)} HTTP/1.1\r\nHost : a\r\n\r\n`,
  'G@T / HTTP/1.1\r\n\r\n',
  'GET / HTTP/1.1\r\nContent-Length: x1\r\n\r\n',
  'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n',
];

same(
  'a broken request is kept, with its bytes and the place where it breaks',
  config,
  async ({ proxy, port }: Setup) => {
    const outcomes: unknown[] = [];
    for (const request of BROKEN)
      outcomes.push(await send(port, request), await shown(proxy, 'show errors'), await shown(proxy, 'show errors b'));
    return outcomes;
  },
  { head: HTTP },
);

same(
  'a broken response belongs to its backend; the last of each side is kept, and can be asked for',
  config,
  async ({ proxy, port }: Setup) => {
    answer = 'HTTP/1.1 200 OK\r\nA b: c\r\n\r\n';
    const statuses = [await send(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')];
    answer = 'garbage\r\n\r\n';
    statuses.push(await send(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'), await send(port, BROKEN[0]));
    const commands = ['', ' f', ' b request', ' 2', ' 9', ' x', ' -1 response', ' f request', ' b response'];
    const texts: string[][] = [];
    for (const words of commands) texts.push(await shown(proxy, `show errors${words}`));
    return [statuses, texts];
  },
  { head: HTTP },
);

same(
  'what accept-invalid-http-request lets pass is kept as well',
  (port) => config(port).replace('default_backend', 'option accept-invalid-http-request\n  default_backend'),
  async ({ proxy, port }: Setup) => {
    answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
    const statuses = [await send(port, 'GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n')];
    statuses.push(await send(port, 'GET / HTTP/1.1\r\nhost: a\r\na(b): c\r\n\r\n'));
    return [statuses, await shown(proxy, 'show errors')];
  },
  { head: HTTP },
);
