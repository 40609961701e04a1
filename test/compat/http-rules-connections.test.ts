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

/** Everything that comes back for requests sent at once, the last of which ends the connection. */
async function fate(port: number, requests: readonly string[]): Promise<string> {
  const client = await new Client(port).send(requests.join('')).over();
  const text = client.data.toString('latin1');
  client.destroy();
  return text;
}

/** Cases by name, one after the other through one pair of programs. */
function sameFates(name: string, cases: { readonly [name: string]: readonly string[] }, lines = ''): void {
  same({
    name,
    prepare: async (port) => {
      const { port: server } = await mirror('s');
      const text = `${HTTP_HEAD}listen l\n  bind 127.0.0.1:${port}\n${lines}${RULES}  server s 127.0.0.1:${server}\n`;
      return { text, state: null };
    },
    scenario: async ({ port }) => {
      const found: [string, string][] = [];
      for (const [what, requests] of Object.entries(cases)) found.push([what, await fate(port, requests)]);
      return found;
    },
  });
}

const LAST = get('/last', 'Connection: close\r\n');

for (const path of ['/deny', '/400', '/return', '/redirect', '/auth', '/204', '/rdeny', '/rreturn'])
  sameFates(path, {
    'and on': [get(path), get(path), LAST],
    'to HTTP/1.0': [`GET ${path} HTTP/1.0\r\n\r\n`],
    'to HTTP/1.0 that stays': [`GET ${path} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n`, LAST],
    'a whole body': [post(path, 'abc'), LAST],
    'an empty body': [post(path, ''), LAST],
    HEAD: [`HEAD ${path} HTTP/1.1\r\nHost: a\r\n\r\n`, LAST],
  });
const FINAL = ['/deny', '/return', '/redirect', '/auth'];
const each = (make: (path: string) => string[]) => Object.fromEntries(FINAL.map((path) => [path, make(path)]));
sameFates(
  'half a body',
  each((path) => [post(path, 'abc', 10)]),
);
sameFates(
  'httpclose',
  each((path) => [get(path), LAST]),
  '  option httpclose\n',
);
sameFates(
  'http-server-close',
  each((path) => [get(path), LAST]),
  '  option http-server-close\n',
);
