/** Queues, failures to connect, clients that leave and operators that interfere, in mode http: as HAProxy does it. */
import { type Origin, origin } from '../support/http-origin.js';
import { exchange, HTTP_HEAD, requestLog } from '../support/http-side.js';
import { Client, freePort, type RunningProxy } from '../support/proxy.js';
import { eventually, figures, type Setup, same } from '../support/side-by-side.js';

const GET = (path: string) => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`;
const COLUMNS = 'stot econ eresp wretr wredis cli_abrt srv_abrt hrsp_2xx hrsp_4xx hrsp_5xx qmax smax lbtot'.split(' ');

/** `{S}` in the configuration is the port of the origin, `{P}` the client's, `{D}` one that nobody listens on. */
function scene(name: string, text: string, play: (s: Setup & { server: Origin }) => Promise<unknown>, lines = 1): void {
  let server: Origin;
  same(
    name,
    async (port) => {
      server = await origin();
      const dead = await freePort();
      return text.replaceAll('{S}', `${server.port}`).replaceAll('{P}', `${port}`).replaceAll('{D}', `${dead}`);
    },
    async (setup) => {
      try {
        const seen = await play({ ...setup, server });
        await eventually(() => requestLog(setup.proxy).length >= lines).catch(() => undefined);
        return { seen, log: requestLog(setup.proxy) };
      } finally {
        server.close();
      }
    },
    { head: HTTP_HEAD },
  );
}

const counted = (proxy: RunningProxy, rows: readonly string[]) => figures(proxy, 'l', rows, COLUMNS);
const arrived = (server: Origin, count: number) => eventually(() => server.heads.length >= count);

const LISTEN = 'listen l\n  bind 127.0.0.1:{P}\n';

scene(
  'a slot that is free again is given to who waits; who waits too long gets 503',
  `${LISTEN}  server s 127.0.0.1:{S} maxconn 1\n`,
  async ({ proxy, port, server }) => {
    const first = new Client(port).send(GET('/stall'));
    await arrived(server, 1);
    const second = exchange(port, { send: GET('/'), until: 'Service' });
    const seen = [await second];
    first.destroy();
    seen.push(await exchange(port, { send: GET('/'), until: 'hello' }));
    return { seen, counts: await counted(proxy, ['s', 'BACKEND']) };
  },
  3,
);

scene(
  'queued requests are served in their turn',
  `${LISTEN}  server s 127.0.0.1:{S} maxconn 1\n`,
  async ({ port, server }) => {
    const first = new Client(port).send(GET('/hang'));
    await arrived(server, 1);
    const second = exchange(port, { send: GET('/'), until: 'hello' });
    await eventually(() => first.data.length >= 0);
    first.destroy();
    return second;
  },
  2,
);

for (const option of ['option abortonclose', 'no option abortonclose'])
  scene(
    `a client that leaves the queue: ${option}`,
    `${LISTEN}  ${option}\n  server s 127.0.0.1:{S} maxconn 1\n`,
    async ({ proxy, port, server }) => {
      const first = new Client(port).send(GET('/stall'));
      await arrived(server, 1);
      const second = new Client(port).send(GET('/'));
      await eventually(async () => (await proxy.ask('show stat')).includes('l,BACKEND,1,'));
      second.end();
      await second.over();
      first.destroy();
      await eventually(() => requestLog(proxy).length >= 2);
      return { data: second.data.toString('latin1'), counts: await counted(proxy, ['s', 'BACKEND']) };
    },
    2,
  );

scene(
  'nobody listens: retries, then 503',
  `${LISTEN}  retries 2\n  timeout connect 50ms\n  server s 127.0.0.1:{D}\n`,
  async ({ proxy, port }) => [
    await exchange(port, { send: GET('/') + GET('/'), until: '</html>', times: 2 }),
    await counted(proxy, ['s', 'BACKEND']),
  ],
  2,
);

scene(
  'nobody listens there: redispatched',
  `${LISTEN}  retries 2\n  timeout connect 50ms\n  option redispatch\n  server d 127.0.0.1:{D}\n  server s 127.0.0.1:{S}\n`,
  async ({ proxy, port }) => [
    await exchange(port, { send: GET('/'), until: 'hello' }),
    await counted(proxy, ['d', 's', 'BACKEND']),
  ],
);

scene(
  'no server, no backend',
  `listen l\n  bind 127.0.0.1:{P}\n  use_backend nobody if { path /nobody }\n  server s 127.0.0.1:{S} disabled\nbackend nobody\n`,
  async ({ proxy, port }) => [
    await exchange(port, { send: GET('/') + GET('/nobody'), until: '</html>', times: 2 }),
    await counted(proxy, ['FRONTEND', 's', 'BACKEND']),
  ],
  2,
);

for (const [what, path] of [
  ['before the response', '/hang'],
  ['in the middle of it', '/stall'],
] as const)
  for (const how of ['end', 'reset'] as const)
    scene(
      `a client that leaves ${what}: ${how}`,
      `${LISTEN}  server s 127.0.0.1:{S}\n`,
      async ({ proxy, port, server }) => {
        const client = new Client(port).send(GET(path));
        await arrived(server, 1);
        if (path === '/stall') await client.text('hello');
        client[how]();
        await client.over(3000);
        await eventually(() => requestLog(proxy).length >= 1);
        return { data: client.data.toString('latin1'), counts: await counted(proxy, ['s', 'BACKEND']) };
      },
    );

for (const path of ['/hang', '/stall'])
  scene(
    `shutdown sessions server: ${path}`,
    `${LISTEN}  timeout server 10s\n  timeout client 10s\n  server s 127.0.0.1:{S}\n`,
    async ({ proxy, port, server }) => {
      const client = new Client(port).send(GET(path));
      await arrived(server, 1);
      if (path === '/stall') await client.text('hello');
      await proxy.ask('shutdown sessions server l/s');
      await client.over();
      return { data: client.data.toString('latin1'), counts: await counted(proxy, ['s', 'BACKEND']) };
    },
  );

scene(
  'a tcp frontend in front of an http backend',
  `frontend f\n  mode tcp\n  bind 127.0.0.1:{P}\n  default_backend l\nbackend l\n  option forwardfor\n  server s 127.0.0.1:{S}\n`,
  async ({ proxy, port, server }) => [
    await exchange(port, { send: GET('/') + GET('/conn'), until: 'HTTP/1.1 200', times: 2 }),
    await exchange(port, { send: 'BAD\r\n\r\n' }),
    server.heads,
    await figures(proxy, 'f', ['FRONTEND'], ['stot', 'hrsp_2xx', 'hrsp_4xx']),
  ],
  0,
);

scene(
  'content rules of tcp-request judge requests',
  `${LISTEN}  tcp-request content reject if { path /no }\n  server s 127.0.0.1:{S}\n`,
  async ({ proxy, port }) => [
    await exchange(port, { send: GET('/') + GET('/no') + GET('/') }),
    await figures(proxy, 'l', ['FRONTEND'], ['dreq', 'ereq', 'req_tot']),
  ],
  2,
);

scene(
  'each server is told its name',
  `${LISTEN}  http-send-name-header X-Server\n  server s 127.0.0.1:{S}\n`,
  async ({ port, server }) => [await exchange(port, { send: GET('/'), until: 'hello' }), server.heads],
);

scene(
  'unique ids',
  `${LISTEN}  unique-id-format id-%rt-%[path]\n  unique-id-header X-ID\n  log-format "%ID %ST"\n  server s 127.0.0.1:{S}\n`,
  async ({ port, server, proxy }) => {
    await exchange(port, { send: GET('/') + GET('/conn'), until: '200 OK', times: 2 });
    await eventually(() => proxy.logs.filter((line) => line.includes('id-')).length === 2);
    return [
      server.heads,
      proxy.logs.filter((line) => line.includes('id-')).map((line) => line.replace(/^.*?id/, 'id')),
    ];
  },
  0,
);
