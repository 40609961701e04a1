/**
 * Log lines of mode http, from the real HAProxy and from Fairlead: every alias under every flag, the ready-made
 * formats, captures, unique ids and samples; of good requests, broken ones, and those that no server answers.
 */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bed, same } from '../support/both.js';
import { Client, freePort, serve } from '../support/proxy.js';

const HEAD = `global\n nbthread 1\n log {LOG} len 8192 format raw local0\ndefaults\n mode http\n log global\n timeout connect 2s\n timeout client 3s\n timeout server 3s\n timeout http-request 1s\n`;

const GOOD =
  'GET /p/a?q="x"&[a] HTTP/1.1\r\nHost: example.com\r\nUser-Agent: a b"c]d\\e{|}\xe9#\r\nCookie: sid=abcdefgh; x=1\r\nX-Empty:\r\n\r\n';
const REQUESTS: { readonly [name: string]: string } = {
  good: GOOD,
  'absolute target': 'GET http://foo.example:81/p?q HTTP/1.1\r\nHost: foo.example:81\r\n\r\n',
  star: 'OPTIONS * HTTP/1.0\r\n\r\n',
  'with a body': 'POST /up?? HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc',
  broken: 'GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n',
  denied: 'GET /denied HTTP/1.1\r\nHost: x\r\n\r\n',
  'without a server': 'GET /nosrv HTTP/1.1\r\nHost: x\r\n\r\n',
  silent: 'GET /silent HTTP/1.1\r\nHost: x\r\n\r\n',
};

const RESPONSE =
  'HTTP/1.1 201 Created\r\nContent-Length: 5\r\nServer: t"{x}\r\nSet-Cookie: sid=new; Path=/\r\nConnection: close\r\n\r\nhello';

const NAMES =
  'B CC CS H HM HP HPO HQ HU HV ID ST T Ta Tc Td Th Ti Tl TR Tq Tr Ts Tt Tu Tw U ac b bc bi bp bq ci cp f fc fi fp ft ' +
  'hr hrl hs hsl lc ms pid r rc rt s sc si sp sq sslc sslv t tr trg trl ts tsc';
const FLAGS = ['', '{+Q}', '{+E}', '{+Q,+E}', '{+X}'];
const SAMPLES = [
  ...['capture.req.hdr(0)', 'capture.req.hdr(1)', 'capture.res.hdr(0)', 'capture.req.method', 'capture.req.uri'],
  ...['capture.req.ver', 'capture.res.ver', 'src', 'src_port,bool', 'fe_name', 'be_name', 'srv_name', 'var(txn.v)'],
  ...[
    'var(txn.none)',
    'var(txn.v),upper',
    'var(txn.b)',
    'bool(true)',
    'http_first_req',
    'unique-id,length',
    'str(a b)',
  ],
];

/** Times, ports and process ids vary. */
const VARYING = new Set('H T Tl Ts bp cp pid sp t tr trg trl ms rt fp Ta Tc Td Ti TR Tq Tr Tt Tu Tw lc bi'.split(' '));

/** -1 says that a point was not reached; how long it took to others is the machine's affair. */
function veiled(name: string, value: string): string {
  if (!VARYING.has(name)) return value;
  return value.replace(/-1|[A-Z][a-z]{2}|[0-9A-F]+/g, (one) => (one === '-1' ? one : 'N'));
}

async function line(bed: Bed, request: string): Promise<string> {
  const client = await new Client(bed.port).send(request);
  const taken = bed.proxy.log(/\^END$/);
  const found = await taken;
  client.destroy();
  return found;
}

/** Our end of a connection to a server is not asked for once that is closed. */
const OUR_END = new Set(['bi', 'bp']);

function each(kind: string, format: string, split: (line: string, request: string) => unknown): void {
  for (const [name, request] of Object.entries(REQUESTS))
    same({
      name: `${kind}, a request that is ${name}`,
      prepare: async (port) => {
        const server = await serve((socket) => {
          socket.once('data', (d) => {
            if (!d.includes('/silent')) socket.end(Buffer.from(RESPONSE, 'latin1'));
            else socket.destroy();
          });
        });
        server.server.unref();
        const closed = await freePort();
        const text = `${HEAD}frontend fe
 bind 127.0.0.1:${port}
 log-format '${format}^END'
 capture request header user-agent len 12
 capture request header x-empty len 5
 capture response header server len 9
 capture cookie sid len 7
 unique-id-format "id-%f %{+X}o %[str(x)]"
 http-request set-var(txn.v) str(hi)
 http-request set-var(txn.b) bin(01097f80)
 http-request deny if { path /denied }
 use_backend nosrv if { path /nosrv }
 default_backend be
backend be
 server s1 127.0.0.1:${server.port}
backend nosrv
 server down 127.0.0.1:${closed}\n retries 0\n`;
        return { text, state: null };
      },
      scenario: async (bed) => split(await line(bed, request), name),
    });
}

const FORMS = NAMES.split(' ').flatMap((name) => FLAGS.map((flags) => ({ name, form: `%${flags}${name}` })));
each('every alias', FORMS.map(({ form }) => form).join('^'), (text, request) =>
  text.split('^').map((value, i) => {
    const { name, form } = FORMS[i] ?? { name: '', form: 'END' };
    const isForgotten = OUR_END.has(name) && ['without a server', 'silent'].includes(request);
    return [form, isForgotten ? '' : veiled(name, value)];
  }),
);

const SAMPLE_FORMS = SAMPLES.flatMap((sample) => FLAGS.slice(0, 4).map((flags) => `%${flags}[${sample}]`));
each('samples', SAMPLE_FORMS.join('^'), (text) => text.split('^').map((value, i) => [SAMPLE_FORMS[i], value]));

/** The lines of ready-made formats have no fixed places: what varies is veiled by its look. */
function plainVeil(text: string): string {
  return text
    .replace(/\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d(\.\d{3})?( \+\d{4})?/g, 'DATE')
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')
    .replace(/(?<= )(-?\d+)\/(-?\d+)\/(-?\d+)\/(-?\d+)\/(-?\d+)(?= )/, (whole) =>
      whole.replace(/(?<!-)\d+/g, 'T').replace(/-T/g, '-1'),
    )
    .replaceAll(hostname(), 'HOST');
}

for (const option of ['option httplog', 'option httplog clf', 'option httpslog', ''])
  same({
    name: option === '' ? 'without an option: who came' : `'${option}' prints what HAProxy prints`,
    prepare: async (port) => {
      const server = await serve((socket) => {
        socket.once('data', () => socket.end(Buffer.from(RESPONSE, 'latin1')));
      });
      server.server.unref();
      const text = `${HEAD}listen fe\n bind 127.0.0.1:${port}\n ${option}\n http-request deny if { path /denied }\n server s1 127.0.0.1:${server.port}\n`;
      return { text, state: null };
    },
    scenario: async ({ proxy, port }) => {
      for (const name of option === '' ? ['good', 'denied'] : ['good', 'denied', 'broken']) {
        const client = await new Client(port).send(REQUESTS[name]);
        await client.until(
          (c) => c.ended || c.error !== '' || c.data.includes('hello') || c.data.includes('</html>'),
          3000,
        );
        await client.end().over();
      }
      await proxy.log(/"<BADREQ>"|never/, 3000).catch(() => undefined);
      await sleep(100);
      return proxy.logs.map((text) =>
        plainVeil(text).replace(/"" \d+ \d{3} (.*?) \d+ (-?\d+) (-?\d+) (-?\d+) \d+ /, '"" PORT MS $1 '),
      );
    },
  });
