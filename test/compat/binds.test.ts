/** Where clients come in and where connections to servers go out: every form of address, on both programs. */

import { once } from 'node:events';
import { statSync } from 'node:fs';
import { createServer } from 'node:net';
import { Client, freePort, type RunningProxy } from '../support/proxy.js';
import { namedServer, same } from '../support/side-by-side.js';

const a = await namedServer('a');
const serverA = `server a 127.0.0.1:${a.port}`;

/** The name of the server that answers at an address and what else it says up to `last`, `-` where nobody lets us in. */
async function answer(port: number | string, host = '127.0.0.1', last = ';'): Promise<string> {
  const client = new Client(port, undefined, host);
  await client.until((c) => c.data.includes(last) || c.ended || c.error !== '' || c.closed);
  client.destroy();
  return client.data.toString() || client.error || '-';
}

const withoutTimes = (line: string) =>
  line
    .replace(/^.*?\]: /, '')
    .replace(/\[[^\]]+\]/, '')
    .replace(/127\.0\.0\.\d+:\d+/, (m) => m.replace(/:\d+/, ':PORT'))
    .replace(/\/tmp\/[^ ]+/g, 'PATH')
    .replace(/ \d+\/\d+\/\d+ /, ' ');

const binds = (port: number, ...addresses: string[]) =>
  `listen l\n${[`127.0.0.1:${port}`, ...addresses].map((address) => `  bind ${address}\n`).join('')}  ${serverA}\n`;

async function lineOf(proxy: RunningProxy): Promise<string> {
  return withoutTimes(await proxy.log(/ l l\//));
}

same(
  'a unix socket with its mode',
  (port) => binds(port, '{DIR}/in.sock mode 600', 'unix@{DIR}/in2.sock name two'),
  async ({ proxy }) => {
    const path = `${proxy.dir}/in.sock`;
    const names = [await answer(path), await answer(`${proxy.dir}/in2.sock`)];
    return [names, (statSync(path).mode & 0o777).toString(8), await lineOf(proxy), await lineOf(proxy)];
  },
);

same(
  'an abstract socket, and a server on one',
  (port) =>
    `${binds(port, `abns@fl-test-${port}`)}listen m\n  bind 127.0.0.1:${port + 3000}\n  server s abns@fl-test-${port} send-proxy\n`,
  async ({ port }) => (await answer(port + 3000, '127.0.0.1', '\r\n')).replaceAll(/\b\d{5}\b/g, 'PORT'),
);

same(
  'several addresses, a range of ports, an interface, options of the socket',
  (port) =>
    binds(
      port,
      `127.0.0.2:${port},127.0.0.3:${port}`,
      `127.0.0.4:${port}-${port + 2}`,
      `127.0.0.5:${port} interface lo`,
      `127.0.0.6:${port} defer-accept tfo backlog 5`,
      `127.0.0.7:${port} transparent`,
      `192.0.2.77:${port} transparent`,
    ),
  async ({ port }) => {
    const names: string[] = [];
    for (const host of [2, 3, 4, 5, 7]) names.push(await answer(port, `127.0.0.${host}`));
    names.push(await answer(port + 2, '127.0.0.4'), await answer(port + 3, '127.0.0.4'));
    const client = new Client(port, undefined, '127.0.0.6').send('x');
    await client.text('x');
    client.destroy();
    return names;
  },
);

same(
  'IPv6 only, and both families on one socket',
  (port) => binds(port, `[::1]:${port}`, `:::${port + 3000} v6only`, `:::${port + 4000} v4v6`),
  async ({ port }) => [
    await answer(port, '::1'),
    await answer(port + 3000, '::1'),
    await answer(port + 3000),
    await answer(port + 4000, '::1'),
    await answer(port + 4000),
  ],
);

let heard = '';
const recorder = createServer((socket) => {
  heard = `from ${socket.remoteAddress ?? 'unix'} `;
  socket.on('error', () => undefined);
  socket.on('data', (d) => {
    heard += d.toString('latin1');
    socket.end('r;');
  });
});
recorder.unref();

for (const version of ['send-proxy', 'send-proxy-v2'])
  for (const family of ['unix', 'ipv6', 'foreign source'])
    same(
      `${version} for a client of ${family}`,
      async (port) => {
        if (!recorder.listening) await once(recorder.listen(await freePort(), '127.0.0.1'), 'listening');
        const address = recorder.address() as { port: number };
        const source = family === 'foreign source' ? ' source 127.0.0.99' : '';
        return `listen l\n  bind 127.0.0.1:${port}\n  bind {DIR}/in.sock\n  bind [::1]:${port}\n  server s 127.0.0.1:${address.port} ${version}${source}\n`;
      },
      async ({ proxy, port }) => {
        heard = '';
        const client =
          family === 'unix'
            ? new Client(`${proxy.dir}/in.sock`)
            : new Client(port, undefined, family === 'ipv6' ? '::1' : '127.0.0.1');
        await client.send('x').over();
        client.destroy();
        return version === 'send-proxy' ? heard.replaceAll(/\b\d{4,5}\b/g, 'PORT') : heard.length;
      },
    );

same(
  'a server on a unix socket',
  (port) => `listen l\n  bind 127.0.0.1:${port}\n  server s unix@{DIR}/behind.sock\n`,
  async ({ proxy, port }) => {
    const behind = createServer((socket) => socket.end('u;').on('error', () => undefined));
    behind.listen(`${proxy.dir}/behind.sock`);
    await once(behind, 'listening');
    const name = await answer(port);
    behind.close();
    return [name, await lineOf(proxy)];
  },
);

same(
  'a server with the port of the client, and one with an offset',
  async (port) => {
    await Promise.all([named(port, '127.0.0.21', 'same'), named(port + 1000, '127.0.0.22', 'offset')]);
    return `listen l\n  bind 127.0.0.1:${port}\n  server same 127.0.0.21\n  server offset 127.0.0.22:+1000\n`;
  },
  async ({ port }) => [await answer(port), await answer(port), await answer(port)],
);

/** A server of a given address that says its name; ends with the test process. */
async function named(port: number, host: string, name: string): Promise<void> {
  const server = createServer((socket) => socket.end(`${name};`).on('error', () => undefined));
  server.listen(port, host).unref();
  await once(server, 'listening');
}
