/** The control endpoint over HTTP: what may be asked, what is refused and how, and clients that are slow, greedy or no clients at all. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PerKey, RateLimit } from '../../src/control/http/rate.js';
import { type ControlHttpServer, startControlHttp } from '../../src/control/http/server.js';
import { carriesToken } from '../../src/control/http/token.js';
import { downEvent, UP_NOW } from './events.js';
import { FakeEngine, model, proxy, server } from './fake-engine.js';

const TOKEN = 'correct-horse-battery';
const at = (host: string, port: number) => ({ address: { kind: 'inet' as const, family: 4 as const, host, port } });
const checked = { check: true };
const engine = new FakeEngine(
  model([
    proxy('backend', 'pg', 2, {
      servers: [
        server('db1', 1, 0, { ...checked, ...at('10.0.0.11', 5432) }),
        server('db2', 2, 0, { ...checked, ...at('10.0.0.12', 5432) }),
        server('seen', 3, 0, { check: true, track: 'db1' }),
      ],
    }),
    proxy('backend', 'ro', 3, { servers: [server('db2', 1, 0, { ...checked, ...at('10.0.0.12', 5433) })] }),
  ]),
);
const UNUSED = { kind: 'inet' as const, family: 4 as const, host: '127.0.0.1', port: 0 };
let endpoint: ControlHttpServer;
let port: number;
before(async () => {
  endpoint = await startControlHttp(engine, UNUSED, TOKEN);
  port = endpoint.port!;
});
after(() => endpoint.close());

interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  text: string;
  json(): { [key: string]: unknown } & { error?: { code: string; message: string } };
}

interface Ask {
  method?: string;
  path: string;
  body?: string;
  headers?: { [name: string]: string };
  token?: string | null;
}

async function ask({ method = 'POST', path, body, headers = {}, token = TOKEN }: Ask): Promise<Answer> {
  const bearer: { [name: string]: string } = token === null ? {} : { authorization: `Bearer ${token}` };
  const sent = request({ port, host: '127.0.0.1', method, path, headers: { ...bearer, ...headers }, agent: false });
  sent.on('error', () => undefined); // an early answer may close the connection while the body is sent
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode!, headers: response.headers, text, json: () => JSON.parse(text) };
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const ALL = ['pg/db1', 'pg/db2', 'ro/db2'];

// What is named, and which servers are checked: those with checks of their own that fit everything.
for (const [name, path, body, rechecked] of [
  ['nothing', '/v1/notify', '', ALL],
  ['a backend', '/v1/notify?backend=pg', '', ['pg/db1', 'pg/db2']],
  ['a server', '/v1/notify?server=pg/db2', '', ['pg/db2']],
  ['both', '/v1/notify?backend=pg&server=db2', '', ['pg/db2']],
  ['a server of any backend', '/v1/notify', 'server=db2', ['pg/db2', 'ro/db2']],
  ['a host', '/v1/notify', 'host=10.0.0.12', ['pg/db2', 'ro/db2']],
  ['a host and its port', '/v1/notify', 'host=10.0.0.12%3A5433', ['ro/db2']],
  ['a host in a backend', '/v1/notify?backend=pg', '{"host":"10.0.0.12"}', ['pg/db2']],
  ['empty fields, as scripts send them', '/v1/notify', 'host=&backend=&server=', ALL],
  ['numbers', '/v1/notify', '{"backend":"pg","index":0,"primary":true,"x":null}', ['pg/db1', 'pg/db2']],
] as [string, string, string, string[]][])
  test(`notify names ${name}`, async () => {
    const answer = await ask({ path, body, headers: FORM });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.json(), { rechecked, skipped: [] });
  });

test('what else was sent is told in history, on one line', async () => {
  engine.calls.length = 0;
  await ask({
    path: '/v1/notify?server=pg/db1&status=Donor',
    body: JSON.stringify({ primary: 'yes', x: `a\r\nb${'c'.repeat(999)}` }),
  });
  const [, why] = /"why":"([^"]*)"/.exec(engine.calls[0]) ?? [];
  assert.match(why, /^notify from 127\.0\.0\.1: status=Donor, primary=yes, x=a bc+$/);
  assert.equal(why.length, 160);
});

test('a server that is not to be checked is named with the reason', async () => {
  engine.adminError = 'Health checks are stopped on this server.';
  const answer = await ask({ path: '/v1/notify?server=pg/db1' });
  engine.adminError = null;
  const why = 'Health checks are stopped on this server.';
  assert.deepEqual(answer.json(), { rechecked: [], skipped: [{ server: 'pg/db1', why }] });
});

// What is refused: request, status, code, a word of the message.
for (const [name, sent, status, code, word] of [
  ['no token', { path: '/v1/notify', token: null }, 401, 'UNAUTHORIZED', 'Bearer'],
  ['another token', { path: '/v1/notify', token: 'correct-horse-batterz' }, 401, 'UNAUTHORIZED', 'Bearer'],
  ['no token, no path', { path: '/', token: null }, 401, 'UNAUTHORIZED', 'Bearer'],
  ['unknown path', { path: '/v2/notify' }, 404, 'NO_SUCH_PATH', '/v1/notify'],
  ['wrong method', { path: '/v1/notify', method: 'GET' }, 405, 'WRONG_METHOD', 'POST'],
  ['wrong method for events', { path: '/v1/events', method: 'DELETE' }, 405, 'WRONG_METHOD', 'GET'],
  ['unknown backend', { path: '/v1/notify?backend=gp' }, 404, 'NO_SUCH_SERVER', "did you mean 'pg'"],
  ['unknown server', { path: '/v1/notify?server=pg/db3' }, 404, 'NO_SUCH_SERVER', "did you mean 'pg/db1'"],
  ['unknown bare server', { path: '/v1/notify?server=dc2' }, 404, 'NO_SUCH_SERVER', "did you mean 'db2'"],
  ['unknown host', { path: '/v1/notify?host=10.9.9.9' }, 404, 'NO_SUCH_SERVER', '10.9.9.9'],
  ['broken JSON', { path: '/v1/notify', body: '{"a":' }, 400, 'BAD_JSON', 'JSON'],
  [
    'a list',
    { path: '/v1/notify', body: '[1]', headers: { 'content-type': 'application/json' } },
    400,
    'BAD_JSON',
    'object',
  ],
  ['nested JSON', { path: '/v1/notify', body: '{"a":{"b":1}}' }, 400, 'BAD_FIELD', "'a'"],
  [
    'another type',
    { path: '/v1/notify', body: 'x', headers: { 'content-type': 'text/plain' } },
    415,
    'UNSUPPORTED_TYPE',
    'json',
  ],
  ['a large body', { path: '/v1/notify', body: 'x'.repeat(4097) }, 413, 'TOO_LARGE', '4096'],
  [
    'a large body in chunks',
    { path: '/v1/notify', body: 'x'.repeat(100_000), headers: { 'transfer-encoding': 'chunked' } },
    413,
    'TOO_LARGE',
    '4096',
  ],
  [
    'many fields',
    { path: `/v1/notify?${Array.from({ length: 40 }, (_, i) => `f${i}=1`).join('&')}` },
    400,
    'TOO_MANY_FIELDS',
    '32',
  ],
  ['odd escapes', { path: '/v1/explain/%zz/%', method: 'GET' }, 404, 'NO_SUCH_SERVER', 'no backend'],
  ['events of nobody', { path: '/v1/events?backend=gp', method: 'GET' }, 404, 'NO_SUCH_SERVER', "did you mean 'pg'"],
  ['events since whenever', { path: '/v1/events?since=whenever', method: 'GET' }, 400, 'BAD_FIELD', 'since'],
] as [string, Ask, number, string, string][])
  test(`refused: ${name}`, async () => {
    const answer = await ask(sent);
    const { error } = answer.json();
    assert.deepEqual([answer.status, error?.code], [status, code]);
    assert.ok(error!.message.includes(word), error!.message);
    assert.doesNotMatch(answer.text + JSON.stringify(answer.headers), /correct-horse/);
    if (status === 405) assert.ok(answer.headers.allow);
    if (status === 401) assert.match(answer.headers['www-authenticate']!, /^Bearer/);
  });

// Authorization header, whether it carries the token.
for (const [header, isRight] of [
  [`Bearer ${TOKEN}`, true],
  [`bearer  ${TOKEN} `, true],
  [`Bearer ${TOKEN}x`, false],
  [`Bearer ${TOKEN} x`, false],
  [`Basic ${TOKEN}`, false],
  [TOKEN, false],
  ['Bearer ', false],
  ['', false],
  [undefined, false],
] as const)
  test(`authorization ${JSON.stringify(header)} is ${isRight ? 'right' : 'wrong'}`, () =>
    assert.equal(carriesToken(header, TOKEN), isRight));

test('no header carries an empty token', () => assert.equal(carriesToken('Bearer ', ''), false));

test('explain over HTTP', async () => {
  engine.now = UP_NOW;
  const answer = await ask({ path: '/v1/explain/pg/db1', method: 'GET' });
  assert.deepEqual([answer.status, answer.json().server, answer.headers['cache-control']], [200, 'db1', 'no-store']);
});

// ── Events ──────────────────────────────────────────────────────────────────────────────────────────────────────────

test('events as lines, and as server-sent events that go on where the last one was', async () => {
  engine.tell(downEvent('pg', 'db1'));
  engine.tell(downEvent('pg', null));
  const lines = await ask({ path: '/v1/events?backend=pg', method: 'GET' });
  assert.equal(lines.headers['content-type'], 'application/x-ndjson');
  assert.deepEqual(
    lines.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).seq),
    [1, 2],
  );
  const headers = { authorization: `Bearer ${TOKEN}`, accept: 'text/event-stream', 'last-event-id': '1' };
  const sent = request({ port, path: '/v1/events', headers, agent: false }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  response.on('data', (chunk) => {
    text += String(chunk);
  });
  await until(() => text.includes('\n\n'));
  engine.tell(downEvent('pg', 'db2'));
  await until(() => text.includes('id: 3'));
  assert.match(text, /^id: 2\nevent: health\ndata: \{"seq":2,.*\}\n\nid: 3\nevent: health\ndata: \{"seq":3,.*\}\n\n$/);
  sent.destroy();
  await until(() => engine.followers === 0);
});

test('so many may follow, and no more; who leaves makes room', async () => {
  const path = '/v1/events?follow=1';
  const agent = new Agent({ maxSockets: 100 });
  const open = Array.from({ length: 32 }, () =>
    request({ port, path, agent, headers: { authorization: `Bearer ${TOKEN}` } }).end(),
  );
  for (const each of open) each.on('error', () => undefined);
  await Promise.all(open.map((each) => once(each, 'response')));
  const answer = await ask({ path, method: 'GET' });
  assert.deepEqual([answer.status, answer.json().error?.code], [503, 'TOO_MANY_FOLLOWERS']);
  for (const each of open) each.destroy();
  await until(() => engine.followers === 0);
  agent.destroy();
});

// ── Hostile clients ─────────────────────────────────────────────────────────────────────────────────────────────────

async function until(isTrue: () => boolean): Promise<void> {
  for (let i = 0; !isTrue(); i++) {
    assert.ok(i < 800, 'it did not come true within 8 s');
    await sleep(10);
  }
}

/** Sends bytes, and returns what comes until the other side closes. */
function raw(text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.on('data', (chunk) => {
      answer += String(chunk);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
  });
}

for (const [name, text, status] of [
  ['no HTTP', 'show info\n', 400],
  ['binary', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc', 400],
  ['two lengths', 'POST /v1/notify HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab', 400],
  [
    'a length and chunks',
    'POST /v1/notify HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
  ],
  ['a huge header', `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 431],
  ['an absolute target', 'GET http://evil/v1/notify HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', 400],
] as const)
  test(`hostile: ${name} is answered ${status} in JSON`, async () => {
    const answer = await raw(text);
    assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `));
    assert.match(answer, /\r\n\r\n\{"error":\{"code":"[A-Z_]+","message":"[^"]+"\}\}\n$/);
  });

test('hostile: a client that never ends its header, or its body, is let go within its time', {
  timeout: 30_000,
}, async () => {
  const beganMs = performance.now();
  const answers = await Promise.all([
    raw('POST /v1/notify HTTP/1.1\r\nhost: x\r\n'),
    raw(`POST /v1/notify HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKEN}\r\ncontent-length: 10\r\n\r\nabc`),
  ]);
  assert.ok(performance.now() - beganMs < 12_000);
  for (const answer of answers) assert.match(answer, /^HTTP\/1.1 408 /);
});

test('hostile: one address may hold so many connections; the rest is closed, and it goes on when they are gone', async () => {
  const sockets = Array.from({ length: 90 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
  await until(() => sockets.filter((socket) => socket.destroyed || socket.closed || socket.readableEnded).length >= 20);
  for (const socket of sockets) socket.destroy();
  await until(() => sockets.every((socket) => socket.closed));
  await sleep(50);
  assert.equal((await ask({ path: '/v1/notify' })).status, 200);
});

test('too many notifications: 429 and when to come again', async () => {
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask({ path: '/v1/notify' })));
  const more = await Promise.all(Array.from({ length: 60 }, () => ask({ path: '/v1/notify' })));
  const refused = [...answers, ...more].filter(({ status }) => status === 429);
  assert.ok(refused.length > 0);
  assert.equal(refused[0].json().error?.code, 'TOO_FAST');
  assert.match(refused[0].headers['retry-after']!, /^[1-9]/);
});

test('a rate limit: a burst, then a steady rate', () => {
  const limit = new RateLimit(10, 3);
  assert.deepEqual(
    [0, 0, 0].map((atMs) => limit.take(atMs)),
    [0, 0, 0],
  );
  assert.ok(limit.take(0) > 0);
  assert.equal(limit.take(100), 0);
  assert.equal(Math.round(limit.take(150)), 50);
  assert.deepEqual(
    [10_000, 10_000, 10_000].map((atMs) => limit.take(atMs)),
    [0, 0, 0],
  );
  assert.ok(limit.take(10_000) > 0);
});

test('counts by key: a limit each, and nothing is kept of who left', () => {
  const counts = new PerKey(2);
  assert.deepEqual(
    ['a', 'a', 'a', 'b'].map((key) => counts.enter(key)),
    [true, true, false, true],
  );
  counts.leave('a');
  assert.equal(counts.enter('a'), true);
});

test('a new token holds from the next request on', async () => {
  endpoint.token = 'another';
  assert.equal((await ask({ path: '/v1/events', method: 'GET' })).status, 401);
  assert.equal((await ask({ path: '/v1/events', method: 'GET', token: 'another' })).status, 200);
});
