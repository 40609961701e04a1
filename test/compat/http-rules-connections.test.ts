/** What becomes of the client's connection behind the answers of rules, side by side with HAProxy. */
import { same } from '../support/both.js';
import { HTTP_HEAD, mirror } from '../support/http-side-by-side.js';
import { Client } from '../support/proxy.js';

const RULES = `
  http-request deny if { path /deny }
  http-request deny deny_status 400 if { path /400 }
  http-request return status 200 content-type text/plain string "hi" if { path /return }
  http-request redirect location /x if { path /redirect }
  http-request auth if { path /auth }
  http-request return status 204 if { path /204 }
  http-request set-var(txn.p) path
  http-response deny if { var(txn.p) -m str /rdeny }
  http-response return status 404 if { var(txn.p) -m str /rreturn }
`;

const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`;
const post = (path: string, body: string, length = body.length) =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n${body}`;

/** Requests sent at once, the last of which ends the connection; everything that comes back. */
function sameFate(name: string, requests: readonly string[], lines = ''): void {
  same({
    name,
    prepare: async (port) => {
      const { port: server } = await mirror('s');
      const text = `${HTTP_HEAD}listen l\n  bind 127.0.0.1:${port}\n${lines}${RULES}  server s 127.0.0.1:${server}\n`;
      return { text, state: null };
    },
    scenario: async ({ port }) => {
      const client = await new Client(port).send(requests.join('')).over();
      const text = client.data.toString('latin1');
      client.destroy();
      return text;
    },
  });
}

const LAST = get('/last', 'Connection: close\r\n');

for (const path of ['/deny', '/400', '/return', '/redirect', '/auth', '/204', '/rdeny', '/rreturn']) {
  sameFate(`${path} and on`, [get(path), get(path), LAST]);
  sameFate(`${path} to HTTP/1.0`, [`GET ${path} HTTP/1.0\r\n\r\n`]);
  sameFate(`${path} to HTTP/1.0 that stays`, [`GET ${path} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n`, LAST]);
  sameFate(`${path} with a whole body`, [post(path, 'abc'), LAST]);
  sameFate(`HEAD ${path}`, [`HEAD ${path} HTTP/1.1\r\nHost: a\r\n\r\n`, LAST]);
}
sameFate('/redirect with an empty body', [post('/redirect', ''), LAST]);
for (const path of ['/deny', '/return', '/redirect', '/auth']) {
  sameFate(`${path} with half a body`, [post(path, 'abc', 10)]);
  sameFate(`${path} under httpclose`, [get(path), LAST], '  option httpclose\n');
  sameFate(`${path} under http-server-close`, [get(path), LAST], '  option http-server-close\n');
}
