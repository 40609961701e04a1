/** How sessions end: time limits of half-closed sessions, lingering, killed sessions; log lines and counters. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, freePort, type RunningProxy, serve } from '../support/proxy.js';
import { eventually, listen, masked, namedServer, openNamed, same, statRow, trouble } from '../support/side-by-side.js';

const ALL = ['FRONTEND', 'a', 'BACKEND'];

/** Greets, then says nothing and never closes by itself. */
const mute = await serve((s) => void s.write('hi'));
mute.server.unref();

for (const lines of [
  'timeout client-fin 200ms',
  'timeout server-fin 200ms',
  'timeout client-fin 200ms\ntimeout server-fin 300ms',
  'timeout tunnel 2s\ntimeout client-fin 200ms',
  'timeout tunnel 2s\ntimeout server-fin 200ms',
])
  for (const first of ['client', 'server'] as const)
    same(
      `${lines.replace('\n', ', ')}: the ${first} ends, the other stays silent`,
      (port) => listen(port, `timeout client 1s\ntimeout server 1s\n${lines}\nserver a 127.0.0.1:${mute.port}`),
      async ({ proxy, port }) => {
        const client = await new Client(port).text('hi');
        client.send('x');
        await sleep(50);
        const began = Date.now();
        if (first === 'client') client.end();
        else for (const socket of mute.sockets) socket.end();
        const line = masked(await proxy.log(/ l l\/a /));
        const seconds = Math.round((Date.now() - began) / 1000);
        client.destroy();
        await sleep(50);
        return [line, seconds, await trouble(proxy, ALL)];
      },
    );

same(
  'option nolinger: both sides are reset',
  (port) => listen(port, `option nolinger\ntimeout client 300ms\nserver a 127.0.0.1:${mute.port}`),
  async ({ proxy, port }) => {
    const client = await new Client(port).text('hi');
    const [socket] = [...mute.sockets].slice(-1);
    let fate = '';
    socket.on('end', () => (fate += 'end ')).on('error', (e) => (fate += e.message));
    await client.send('x').over();
    await sleep(100);
    client.send('y');
    await sleep(100);
    return [client.ended, client.error, fate, masked(await proxy.log(/ l l\/a /))];
  },
);

for (const lines of ['timeout client 300ms', 'timeout server 300ms', 'timeout tunnel 300ms'])
  same(
    `${lines}: nobody says anything`,
    (port) => listen(port, `${lines}\nserver a 127.0.0.1:${mute.port}`),
    async ({ proxy, port }) => {
      const client = await (await new Client(port).text('hi')).send('x').over();
      const line = masked(await proxy.log(/ l l\/a /));
      client.destroy();
      await sleep(50);
      return [client.error, line, await trouble(proxy, ALL)];
    },
  );

const BOTH = ['a', 'b', 'BACKEND'];
const names = await namedServer('b');

for (const command of ['shutdown sessions server l/a', 'shutdown session'])
  same(
    `${command}: K`,
    (port) => listen(port, `server a 127.0.0.1:${names.port}`),
    async ({ proxy, port }) => {
      const client = await openNamed(port);
      const whole = command.endsWith('session') ? `${command} ${await firstSession(proxy)}` : command;
      await proxy.ask(whole);
      await client.over();
      await sleep(50);
      return [client.error, masked(await proxy.log(/ l l\/a /)), await trouble(proxy, ALL)];
    },
  );

/** The session of the client, not that of the command itself. */
async function firstSession(proxy: RunningProxy): Promise<string> {
  const lines = (await proxy.ask('show sess')).split('\n');
  return lines.find((line) => line.includes(' fe=l '))!.split(':')[0];
}

same(
  'on-marked-up shutdown-backup-sessions: U',
  (port) =>
    listen(
      port,
      `server a 127.0.0.1:${names.port} disabled on-marked-up shutdown-backup-sessions\nserver b 127.0.0.1:${names.port} backup`,
    ),
  async ({ proxy, port }) => {
    const client = await openNamed(port);
    await proxy.ask('enable server l/a');
    const ended = await client.over(2_000).then(
      () => true,
      () => false,
    );
    if (!ended) client.destroy();
    const line = masked(await proxy.log(/ l l\/b /));
    return [ended, line, await trouble(proxy, BOTH)];
  },
);

const gateOf = { port: 0 };
let gate: Awaited<ReturnType<typeof serve>>;
async function gateOn(port?: number): Promise<number> {
  gate = await serve((s) => s.end(), {}, port);
  return gate.port;
}

same(
  'a checked server that comes up shuts the sessions of the backups',
  async (port) => {
    const checked = await freePort();
    gateOf.port = checked;
    return listen(
      port,
      `default-server inter 100ms fall 1 rise 1\nserver a 127.0.0.1:${names.port} check port ${checked} on-marked-up shutdown-backup-sessions\nserver b 127.0.0.1:${names.port} backup`,
    );
  },
  async ({ proxy, port }) => {
    await eventually(async () => (await statRow(proxy, 'l', 'a')).status === 'DOWN');
    const client = await openNamed(port);
    await gateOn(gateOf.port);
    await client.over();
    gate.close();
    return [client.error, masked(await proxy.log(/ l l\/b /)), await trouble(proxy, ['b', 'BACKEND'])];
  },
);
