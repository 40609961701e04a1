/** Clients that say nothing, or leave early, in mode http: what is logged, counted and answered, as HAProxy does it. */
import { type Origin, origin } from '../support/http-origin.js';
import { HTTP_HEAD, requestLog } from '../support/http-side.js';
import { Client } from '../support/proxy.js';
import { eventually, figures, same } from '../support/side-by-side.js';

let server: Origin;

/** What a client does, and whether a line is written. */
const CLIENTS: readonly (readonly [string, (client: Client) => Promise<unknown>, boolean])[] = [
  ['comes and goes', (c) => c.end().over(), true],
  ['leaves in the middle of a head', (c) => c.send('GET / HT').end().over(), true],
  ['leaves behind a whole request', (c) => c.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n').end().over(), true],
  [
    'leaves between two requests',
    (c) =>
      c
        .send('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
        .text('hello')
        .then(() => c.end().over()),
    true,
  ],
  ['resets a fresh connection', async (c) => c.until(({ socket }) => !socket.connecting).then(() => c.reset()), true],
  [
    'leaves in the middle of a body',
    // Not before its server is asked: what comes together with its end is refused while it is still the client's.
    (c) =>
      c
        .send('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nabc')
        .until(() => server.connections() > 0)
        .then(() => c.end().over()),
    true,
  ],
];

/** In which state HAProxy notices the end of a body depends on what comes first, the end or the server. */
const settled = (line: string) => line.replace(' CL-- ', ' CD-- ');

for (const options of ['', 'option dontlognull', 'option http-ignore-probes'])
  for (const [what, act, isLogged] of CLIENTS)
    same(
      `a client ${what}${options && `, ${options}`}`,
      async (port) => {
        server = await origin();
        return `listen l\n  bind 127.0.0.1:${port}\n  ${options}\n  server s 127.0.0.1:${server.port}\n`;
      },
      async ({ proxy, port }) => {
        const client = new Client(port);
        await act(client);
        client.destroy();
        const marker = new Client(port).send('GET /marker HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
        await marker.over();
        await eventually(() => requestLog(proxy).some((line) => line.includes('/marker')));
        if (isLogged && options === '') await eventually(() => requestLog(proxy).length > 1).catch(() => undefined);
        const counts = await figures(
          proxy,
          'l',
          ['FRONTEND', 's', 'BACKEND'],
          ['stot', 'ereq', 'eresp', 'cli_abrt', 'srv_abrt', 'hrsp_4xx', 'hrsp_5xx', 'req_tot'],
        );
        server.close();
        return {
          data: client.data.toString('latin1'),
          error: client.error,
          log: requestLog(proxy).map(settled).sort(),
          counts,
        };
      },
      { head: HTTP_HEAD },
    );
