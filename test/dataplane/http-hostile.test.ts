/**
 * Clients and servers in mode http that keep to no manners: answers before the request is there, heads and interim
 * responses larger than a buffer, bodies whose rest looks like a request. What is read as a request must be one, and
 * nothing but what somebody sent may reach anybody.
 */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, freePort, type RunningProxy, serve, startProxy } from '../support/proxy.js';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';
/** Names of headers leave in lower case. */
const FORWARDED = /^GET \/smuggled HTTP\/1.1\r\nhost/m;
const BUFFER = 16_384;
const SERVERS = 12;

let behaviour: (socket: Socket) => void = () => undefined;
const server = await serve((socket) => behaviour(socket));
server.server.unref();
const names = ['plain', 'never', 'big', 'source', 'json', 'framing'] as const;
const ports = {} as { [name in (typeof names)[number]]: number };
let proxy: RunningProxy;

before(async () => {
  for (const name of names) ports[name] = await freePort();
  const many = Array.from({ length: SERVERS }, (_, i) => `  server s${i} 127.0.0.1:${server.port}\n`).join('');
  const one = `  server s1 127.0.0.1:${server.port}\n`;
  const own: { [name in (typeof names)[number]]: string } = {
    plain: one,
    never: `  http-reuse never\n${many}`,
    big: `  http-request set-var(txn.cookie) req.hdr(cookie)
  http-after-response set-header x-echo %[var(txn.cookie)]
  http-request return status 200 content-type text/plain string hello
`,
    source: `  option forwardfor\n  http-request set-src hdr(x-real) if { hdr(x-real) -m found }\n${one}`,
    framing: '',
    json: `  http-request set-header x-json %[urlp(j),url_dec,json_query('$.a')]\n${one}`,
  };
  own.framing = `  http-request del-header content-length if { path /bare }
  http-request set-header content-length 3 if { path /length }
  http-request del-header transfer-encoding if { path /length }
  http-request set-header transfer-encoding chunked if { path /none }
  http-request set-method GET if { path /head }
  http-request set-method HEAD if { path /get }
  http-response del-header content- -m beg if { var(txn.path) -m str /response }
  http-response set-header transfer-encoding chunked if { var(txn.path) -m str /chunked }
  http-response set-status 204 if { var(txn.path) -m str /empty }
${one}`.replace('  http-request', '  http-request set-var(txn.path) path\n  http-request');
  const sections = names.map((name) => `listen ${name}\n  bind 127.0.0.1:${ports[name]}\n${own[name]}`);
  const head = `global
  stats socket {SOCK} level admin
defaults
  mode http
  log {LOG} local0
  option httplog
  timeout connect 5s
  timeout client 5s
  timeout server 5s
  timeout tunnel 5s
  timeout http-keep-alive 500ms
`;
  proxy = await startProxy('fairlead', head + sections.join(''), Object.values(ports));
});
after(() => proxy?.stop());

async function connected(port: number): Promise<Client> {
  return new Client(port).until(({ socket }) => !socket.connecting);
}

const textOf = (client: Client) => client.data.toString('latin1');
const statuses = (client: Client) => [...textOf(client).matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);

/** A server that notes what it gets, and answers every head at once. */
function noting(): string[] {
  const got: string[] = [];
  behaviour = (socket) =>
    socket.on('data', (data) => {
      got.push(data.toString('latin1'));
      if (data.includes('\r\n\r\n')) socket.write(OK);
    });
  return got;
}

for (const method of ['GET', 'HEAD'])
  test(`${method}: an answer whose head rules made larger than a buffer becomes a 500`, async () => {
    const client = await connected(ports.big);
    client.send(`${method} / HTTP/1.1\r\nHost: a\r\nCookie: ${'k'.repeat(14_000)}\r\n\r\n`);
    await client.until(({ ended, data }) => ended || data.length > BUFFER);
    assert.match(textOf(client), /^HTTP\/1\.1 500 /);
    assert.equal(textOf(client).indexOf('\r\n\r\n') + 4 === client.data.length, method === 'HEAD');
    assert.ok(client.data.length < 1000, `${client.data.length} bytes`);
  });

test('a server that answers and leaves before the body is there: its rest is no request', async () => {
  const got: string[] = [];
  behaviour = (socket) => {
    socket.on('data', (data) => got.push(data.toString('latin1')));
    socket.once('data', () => socket.end(OK));
  };
  const client = await connected(ports.plain);
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nbegin');
  await client.text('ok');
  client.send(SMUGGLED);
  await client.until(({ ended, error }) => ended || error !== '');
  assert.deepEqual(statuses(client), ['200']);
  assert.doesNotMatch(got.join(''), FORWARDED);
});

test('a server that answers and resets in the middle of a body: its rest is no request', async () => {
  const got: string[] = [];
  behaviour = (socket) => {
    socket.once('data', (data) => {
      got.push(data.toString('latin1'));
      socket.pause();
      if (!data.includes('POST')) socket.write(OK);
      else setTimeout(() => socket.write(OK, () => socket.resetAndDestroy()), 50);
    });
  };
  for (let i = 0; i < 8; i++) {
    const client = await connected(ports.plain);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n');
    const piece = Buffer.from(SMUGGLED.repeat(50));
    for (const end = Date.now() + 500; Date.now() < end && !client.ended && client.error === ''; await sleep(1))
      client.send(piece);
    assert.ok(statuses(client).length <= 1, textOf(client));
    client.socket.destroy();
  }
  assert.doesNotMatch(got.join(''), FORWARDED);
  await proxy.log(/ SD-- /);
});

test('a head that ends with the buffer, behind another: its chunked body is its own', async () => {
  const got = noting();
  const first = `GET /1 HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(2000)}\r\n\r\n`;
  const start = 'POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nX: ';
  const second = `${start}${'b'.repeat(BUFFER - first.length - start.length - 4)}\r\n\r\n`;
  const body = `${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`;
  const client = await connected(ports.plain);
  client.send(first + second + body);
  await client.until(() => statuses(client).length === 2);
  await sleep(50);
  assert.deepEqual(statuses(client), ['200', '200']);
  assert.ok(got.join('').endsWith(body));
});

test('a large head behind another has as much room as the first', async () => {
  noting();
  const client = await connected(ports.plain);
  const head = (bytes: number) => `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(bytes)}\r\n\r\n`;
  client.send(head(7000) + head(14_000));
  await client.until(() => statuses(client).length === 2);
  assert.deepEqual(statuses(client), ['200', '200']);
});

test('interim responses do not use up the buffer of the response', async () => {
  behaviour = (socket) =>
    socket.once('data', async () => {
      for (let i = 0; i < 40; i++) {
        socket.write(`HTTP/1.1 103 Early Hints\r\nLink: ${'x'.repeat(900)}\r\n\r\n`);
        await sleep(1);
      }
      socket.write(OK);
    });
  const client = await connected(ports.plain);
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await client.text('200 OK');
  assert.equal(statuses(client).length, 41);
});

test('a client that goes silent behind a body is not kept for longer than others', async () => {
  behaviour = (socket) => socket.on('data', (data) => data.includes('5678') && socket.write(OK));
  const client = await connected(ports.plain);
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n1234');
  await sleep(100);
  client.send('5678');
  await client.text('ok');
  await client.until(({ ended }) => ended, 2500);
});

test('http-reuse never: a client leaves no more than a few connections at rest behind', async () => {
  noting();
  const client = await connected(ports.never);
  for (let i = 1; i <= 5 * SERVERS; i++) {
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.until(() => statuses(client).length === i);
  }
  await sleep(50);
  const open = [...server.sockets].filter((socket) => !socket.destroyed && !socket.readableEnded).length;
  assert.ok(open <= 8, `${open} connections`);
});

test('the address that a rule gives a request is not that of the next one', async () => {
  const got = noting();
  const client = await connected(ports.source);
  for (const [i, header] of ['X-Real: 192.0.2.1\r\n', '', 'X-Real: 192.0.2.2\r\n', ''].entries()) {
    client.send(`GET / HTTP/1.1\r\nHost: a\r\n${header}\r\n`);
    await client.until(() => statuses(client).length === i + 1);
  }
  const seen = got.map((request) => /x-forwarded-for: ([^\r]*)/.exec(request)?.[1]);
  assert.deepEqual(seen, ['192.0.2.1', '127.0.0.1', '192.0.2.2', '127.0.0.1']);
});

test('characters of JSON that are no bytes end no line of a request', async () => {
  const got = noting();
  const json = encodeURIComponent('{"a":"x\\u010d\\u010aEvil: 1"}');
  const client = await connected(ports.json);
  client.send(`GET /?j=${json} HTTP/1.1\r\nHost: a\r\n\r\n`);
  await client.text('ok');
  assert.match(got.join(''), /\r\nx-json: \r\n\r\n$/);
});

test('what a client sends into a tunnel after its server has ended still arrives', async () => {
  let got = 0;
  behaviour = (socket) => {
    socket.on('data', (data) => (got += data.length));
    socket.once('data', (data) => {
      got -= data.length;
      socket.end('HTTP/1.1 200 OK\r\n\r\nhello');
      socket.pause();
      setTimeout(() => socket.resume(), 400);
    });
  };
  const client = await connected(ports.plain);
  client.send('CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n');
  await client.text('hello');
  client.socket.end('y'.repeat(300_000));
  for (const end = Date.now() + 4000; Date.now() < end && got < 300_000; ) await sleep(20);
  assert.equal(got, 300_000);
});

test('the last bytes of a body wait for nothing when its server hangs up behind them', async () => {
  behaviour = (socket) =>
    socket.once('data', async () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 30100\r\n\r\n');
      await sleep(5);
      socket.end('x'.repeat(30_100));
    });
  let slow = 0;
  for (let i = 0; i < 20; i++) {
    const client = await connected(ports.plain);
    const began = performance.now();
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.until(({ data }) => data.length > 30_100);
    if (performance.now() - began > 150) slow++;
    client.socket.destroy();
  }
  assert.ok(slow < 5, `${slow} of 20 took more than 150 ms`);
});

// What rules do to headers that frame a message, what the server gets, and what the client gets before its next answer.
const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
for (const [what, request, forwarded, answer] of [
  [
    'a request without its length',
    'POST /bare HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi',
    /^POST \/bare HTTP\/1\.1\r\ncontent-length: 2\r\n\r\nhi$/,
    ANSWER,
  ],
  [
    'a chunked request with a length',
    'POST /length HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n',
    /^POST \/length HTTP\/1\.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n$/,
    ANSWER,
  ],
  ['a request without a body that claims one', 'GET /none HTTP/1.1\r\n\r\n', /^GET \/none HTTP\/1\.1\r\n\r\n$/, ANSWER],
  ['HEAD that became GET', 'HEAD /head HTTP/1.1\r\n\r\n', /^GET \/head /, ANSWER.slice(0, -2)],
  [
    'GET that became HEAD',
    'GET /get HTTP/1.1\r\n\r\n',
    /^HEAD \/get /,
    'HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n',
  ],
  ['a response without its length', 'GET /response HTTP/1.1\r\n\r\n', /^GET /, ANSWER],
  ['a response that claims to be chunked', 'GET /chunked HTTP/1.1\r\n\r\n', /^GET /, ANSWER],
  ['a response that became 204', 'GET /empty HTTP/1.1\r\n\r\n', /^GET /, 'HTTP/1.1 204 No Content\r\n\r\n'],
] as const)
  test(`rules leave alone where a message ends: ${what}`, async () => {
    const got: string[] = [];
    behaviour = (socket) =>
      socket.on('data', (data) => {
        got.push(data.toString('latin1'));
        const reply =
          data.includes('/none') || data.includes('/end') || !/^HEAD/.test(data.toString()) ? OK : OK.slice(0, -2);
        socket.write(reply);
      });
    const client = await connected(ports.framing);
    client.send(request);
    await client.until(() => statuses(client).length === 1);
    await sleep(30);
    if (!answer.includes('close')) {
      client.send('GET /end HTTP/1.1\r\n\r\n');
      await client.until(() => statuses(client).length === 2);
      await sleep(30);
    }
    assert.match(got[0], forwarded);
    assert.equal(textOf(client), answer.includes('close') ? answer : answer + ANSWER);
  });
