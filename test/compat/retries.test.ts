/**
 * Servers that refuse or do not answer: retries, redispatch, clients that give up; log lines and counters.
 *
 * Difference that stays (docs/differences.md): `option redispatch 0` turns redispatching off, as the manual says;
 * HAProxy 2.6 redispatches all the same.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { listenInet } from '../../src/linux/listen.js';
import { Client, freePort } from '../support/proxy.js';
import { listen, masked, namedServer, nameHeard, same, trouble } from '../support/side-by-side.js';

const b = await namedServer('b');
const serverB = `server b 127.0.0.1:${b.port}`;
const ALL = ['FRONTEND', 'a', 'BACKEND'];
const PAIR = ['FRONTEND', 'a', 'b', 'BACKEND'];

/** Retries: one refusing server and a good one, with each variant of `option redispatch`. */
for (const option of [
  'no option redispatch',
  'option redispatch',
  'option redispatch 1',
  'option redispatch 2',
  'option redispatch -2',
])
  for (const retries of [0, 3])
    same(
      `${option}, retries ${retries}: log line and counters`,
      async (port) =>
        listen(
          port,
          `retries ${retries}\n${option}\ntimeout connect 60ms\nserver a 127.0.0.1:${await freePort()}\n${serverB}`,
        ),
      async ({ proxy, port }) => {
        const client = await new Client(port).send('x').until((c) => c.data.includes('x') || c.ended || c.closed);
        await client.end().over();
        const line = masked(await proxy.log(/ l l\//));
        await sleep(50);
        return [nameHeard(client), line, await trouble(proxy, PAIR)];
      },
    );

same(
  'redispatch with only refusing servers',
  async (port) =>
    listen(
      port,
      `retries 3\noption redispatch\ntimeout connect 60ms\nserver a 127.0.0.1:${await freePort()}\nserver b 127.0.0.1:${await freePort()}`,
    ),
  async ({ proxy, port }) => {
    const client = await new Client(port).over();
    const line = masked(await proxy.log(/ l l\//));
    await sleep(50);
    return [nameHeard(client), line, await trouble(proxy, PAIR)];
  },
);

for (const algorithm of ['static-rr', 'leastconn', 'first', 'source'])
  for (const servers of [1, 2])
    same(
      `${algorithm}, ${servers} refusing, option redispatch`,
      async (port) => {
        const lines = [`balance ${algorithm}`, 'retries 2', 'option redispatch', 'timeout connect 60ms'];
        for (const name of ['a', 'b'].slice(0, servers)) lines.push(`server ${name} 127.0.0.1:${await freePort()}`);
        return listen(port, lines.join('\n'));
      },
      async ({ proxy, port }) => {
        await new Client(port).over();
        const line = masked(await proxy.log(/ l l\//));
        await sleep(50);
        return [line, await trouble(proxy, servers === 1 ? ALL : PAIR)];
      },
    );

/** A listening socket that nobody accepts from, its queue full: connections to it stay without an answer (listen(2)). */
async function silentAddress(): Promise<number> {
  const port = await freePort();
  const want = { ip: '127.0.0.1', port, v6only: false, transparent: false, reuseport: false, backlog: 0 };
  const opened = listenInet(want);
  if (!opened.ok) throw new Error(`cannot listen: errno ${opened.errno}`);
  for (let i = 0; i < 3; i++) {
    const filler = connect(port, '127.0.0.1').on('error', ignored);
    after(() => void filler.destroy());
  }
  await sleep(100);
  return port;
}

const ignored = () => undefined;
const silent = await silentAddress();

for (const options of ['retries 0', 'retries 2', 'retries 2\noption redispatch'])
  same(
    `a server that does not answer: timeout connect, ${options.replace('\n', ', ')}`,
    (port) => listen(port, `${options}\ntimeout connect 150ms\nserver a 127.0.0.1:${silent}\n${serverB}`),
    async ({ proxy, port }) => {
      const client = await new Client(port).until((c) => c.data.length > 0 || c.ended || c.closed);
      await client.end().over();
      const line = masked(await proxy.log(/ l l\//));
      await sleep(50);
      return [nameHeard(client), line, await trouble(proxy, PAIR)];
    },
  );

for (const abort of ['', 'option abortonclose\n'])
  for (const leaves of ['end', 'reset', 'say and end'] as const)
    same(
      `a client leaves (${leaves}) while its server is being connected${abort && ', abortonclose'}`,
      (port) => listen(port, `${abort}retries 0\ntimeout connect 500ms\nserver a 127.0.0.1:${silent}`),
      async ({ proxy, port }) => {
        const client = new Client(port);
        await once(client.socket, 'connect');
        if (leaves === 'say and end') client.send('hello');
        await sleep(100);
        if (leaves === 'reset') client.reset();
        else client.end();
        const line = masked(await proxy.log(/ l l\//));
        await sleep(50);
        return [line, await trouble(proxy, ALL)];
      },
    );
