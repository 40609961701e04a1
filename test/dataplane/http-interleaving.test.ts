/**
 * Many clients at once over few connections to the servers, in every way of `http-reuse`: requests pipelined and in
 * pieces, bodies with lengths and in chunks, answers that come before the body is there (and servers that then leave),
 * in pieces, without a body, with more behind them than was asked for, or not at all, clients that leave in the middle.
 * Whatever a client gets must be its own, in the order of its requests, whatever a server gets of one request must be
 * of one client, and no part of a body is ever taken for a request. A failure prints the seed that replays it.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomFrom } from '../compat/http-messages.js';
import { freePort, type RunningProxy, serve, startProxy } from '../support/proxy.js';

const SEED = Number(process.env.SEED ?? 1);
const WAYS = ['never', 'safe', 'aggressive', 'always'] as const;
/** One behind them all, more than a client alone may keep connections to. */
const SERVERS = ['s1', 's2', 's3', 's4', 's5', 's6', 's7'];
const CLIENTS = 30;
const ROUNDS = 3;
/** What a server sends behind an answer: nobody may ever get it. */
const POISON = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\nX-Token: POISON\r\n\r\nPOISON';
/** What is sent at once arrives at once: bytes that come later than the next request are its answer, for any proxy. */
const ONE_SEGMENT = 30_000;
/** The letters of a token, so that a byte of another client shows. */
const TOKEN = /^c\d+r\d+x$/;
/** The head of a request whose body may be still to come. */
const BEGUN = /^POST [\s\S]*\r\nx-token: ([^\r]*)\r\n[\s\S]*?\r\n\r\n/;

const serverFaults: string[] = [];
let served = 0;
let proxy: RunningProxy;
const ports: { [way: string]: number } = {};

const server = await serve((socket) => new Serving(socket));
server.server.unref();

before(async () => {
  for (const way of WAYS) ports[way] = await freePort();
  const sections = WAYS.map(
    (way) => `listen ${way}
  bind 127.0.0.1:${ports[way]}
  http-reuse ${way}
${SERVERS.map((name) => `  server ${name} 127.0.0.1:${server.port} maxconn 6\n`).join('')}`,
  );
  const head = `global
  nbthread 2
  maxconn 1000
  stats socket {SOCK} level admin
defaults
  mode http
  retries 1
  timeout connect 5s
  timeout queue 20s
  timeout client 2s
  timeout server 2s
`;
  proxy = await startProxy('fairlead', head + sections.join(''), Object.values(ports));
});
after(() => proxy?.stop());

/** A server's side of a connection: reads requests, checks that each is of one piece, answers at random. */
class Serving {
  private text = '';
  private isBusy = false;
  /** Of the request that is coming: it was seen to have begun, and was answered before its end. */
  private wasSeen = false;
  private wasAnswered = false;
  private readonly random = randomFrom(served++ * 7919 + SEED);

  constructor(private readonly socket: Socket) {
    socket.on('data', (data) => {
      this.text += data.toString('latin1');
      void this.serve();
    });
    socket.on('end', () => socket.end());
  }

  private async serve(): Promise<void> {
    if (this.isBusy) return;
    this.isBusy = true;
    for (let goesOn = true; goesOn; ) {
      const request = this.take();
      if (request === null) goesOn = await this.answerEarly();
      else {
        check(request);
        if (!this.wasAnswered) await this.answer(request);
        this.wasSeen = this.wasAnswered = false;
      }
    }
    this.isBusy = false;
  }

  /** @returns whether it was answered before all of its body was there */
  private async answerEarly(): Promise<boolean> {
    const { random, socket } = this;
    const token = this.wasSeen ? undefined : BEGUN.exec(this.text)?.[1];
    if (token === undefined) return false;
    this.wasSeen = true;
    if (random() > 0.6 || socket.destroyed) return false;
    this.wasAnswered = true;
    const bytes = answerOf(token, random).join('');
    const fate = random();
    if (fate < 0.3) socket.end(bytes);
    else if (fate < 0.6) socket.write(bytes, () => socket.resetAndDestroy());
    else await this.inPieces(bytes);
    return true;
  }

  private take(): Received | null {
    const found = received(this.text);
    if (found !== null) this.text = this.text.slice(found.length);
    return found;
  }

  private async answer({ token, method }: Received): Promise<void> {
    const { random, socket } = this;
    const fate = random();
    if (fate < 0.03) socket.destroy();
    if (socket.destroyed) return;
    if (random() < 0.1) socket.write('HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n');
    if (random() < 0.3) await sleep(random() * 8);
    const [head, body] = answerOf(token, random);
    const bytes = method === 'HEAD' ? head : head + body;
    if (fate < 0.06) socket.end(bytes.slice(0, Math.floor(random() * bytes.length)));
    else if (fate < 0.12 && bytes.length < ONE_SEGMENT) socket.end(bytes + POISON);
    else if (fate < 0.2 && bytes.length < ONE_SEGMENT) socket.write(bytes + POISON);
    else if (fate < 0.24 && bytes.length < ONE_SEGMENT) socket.write(`${bytes}\r\n`);
    else await this.inPieces(bytes);
  }

  private async inPieces(bytes: string): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const size = Math.floor(this.random() ** 3 * bytes.length * 2) + 1;
      this.socket.write(bytes.slice(at, at + size), 'latin1');
      at += size;
      if (this.random() < 0.2) await sleep(this.random() * 3);
    }
  }
}

interface Received {
  readonly length: number;
  readonly method: string;
  readonly token: string;
  readonly body: string;
}

/** The first request of a text; null until all of it is there. */
function received(text: string): Received | null {
  const end = text.indexOf('\r\n\r\n') + 4;
  if (end < 4) return null;
  const head = text.slice(0, end);
  const method = head.slice(0, head.indexOf(' '));
  const token = /\r\nx-token: ([^\r]*)\r\n/.exec(head)?.[1] ?? `none in ${JSON.stringify(head)}`;
  const rest = text.slice(end);
  if (/\r\ntransfer-encoding: chunked\r\n/.test(head)) {
    const chunked = chunkedBody(rest);
    return chunked === null ? null : { length: end + chunked.length, method, token, body: chunked.body };
  }
  const bytes = Number(/\r\ncontent-length: (\d+)\r\n/.exec(head)?.[1] ?? 0);
  return rest.length < bytes ? null : { length: end + bytes, method, token, body: rest.slice(0, bytes) };
}

function chunkedBody(text: string): { length: number; body: string } | null {
  let body = '';
  for (let at = 0; ; ) {
    const found = /^([\da-f]+)\r\n/i.exec(text.slice(at, at + 16));
    if (found === null) return null;
    const bytes = Number.parseInt(found[1], 16);
    at += found[0].length;
    if (bytes === 0) return text.slice(at, at + 2) === '\r\n' ? { length: at + 2, body } : null;
    if (text.length < at + bytes + 2) return null;
    body += text.slice(at, at + bytes);
    at += bytes + 2;
  }
}

/** A request is its client's from the first byte to the last. */
function check({ token, body }: Received): void {
  if (!TOKEN.test(token)) serverFaults.push(`a request with the token ${token}`);
  else if (body.replaceAll(token, '') !== '') serverFaults.push(`foreign bytes in a request of ${token}`);
}

function answerOf(token: string, random: () => number): [string, string] {
  const body = token.repeat(Math.floor(random() ** 4 * 40_000));
  const name = `HTTP/1.1 200 OK\r\nX-Token: ${token}\r\n`;
  if (random() < 0.06) return [`HTTP/1.1 204 No Content\r\nX-Token: ${token}\r\n\r\n`, ''];
  if (random() < 0.06) return [`HTTP/1.1 304 Not Modified\r\nX-Token: ${token}\r\nContent-Length: 5\r\n\r\n`, ''];
  if (random() < 0.5) return [`${name}Content-Length: ${body.length}\r\n\r\n`, body];
  return [`${name}Transfer-Encoding: chunked\r\n\r\n`, inChunks(body, random)];
}

function inChunks(body: string, random: () => number): string {
  let text = '';
  for (let at = 0; at < body.length; ) {
    const size = Math.min(body.length - at, Math.floor(random() ** 2 * 60_000) + 1);
    text += `${size.toString(16)}\r\n${body.slice(at, at + size)}\r\n`;
    at += size;
  }
  return `${text}0\r\n\r\n`;
}

function requestOf(token: string, method: string, random: () => number): string {
  const head = `${method} / HTTP/1.1\r\nHost: a\r\nX-Token: ${token}\r\n`;
  if (method !== 'POST') return `${head}\r\n`;
  const body = token.repeat(Math.floor(random() ** 4 * 20_000));
  if (random() < 0.5) return `${head}Content-Length: ${body.length}\r\n\r\n${body}`;
  return `${head}Transfer-Encoding: chunked\r\n\r\n${inChunks(body, random)}`;
}

/** A client: some requests at once, in pieces, and what comes back. @returns how many whole answers of its own it got */
async function talk(port: number, id: number): Promise<number> {
  const random = randomFrom(id * 104_729 + SEED);
  const methods = Array.from({ length: Math.floor(random() * 5) + 1 }, () => pickMethod(random));
  const tokens = methods.map((_, i) => `c${id}r${i}x`);
  const bytes = methods.map((method, i) => requestOf(tokens[i], method, random)).join('');
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  let got = '';
  const closed = new Promise((resolve) => socket.on('close', resolve));
  const connected = new Promise((resolve) => socket.on('connect', resolve));
  socket.on('error', () => undefined); // the proxy may close while we still send
  socket.on('data', (data) => {
    got += data.toString('latin1');
    if (random() < 0.02) {
      socket.pause();
      setTimeout(() => socket.resume(), random() * 10);
    }
    if (answers(got, methods).length === methods.length) socket.end();
  });
  socket.on('end', () => socket.end());
  await Promise.race([connected, closed]);
  const sent = random() < 0.1 ? bytes.slice(0, Math.floor(random() * bytes.length)) : bytes;
  await sendInPieces(socket, sent, random);
  if (random() < 0.1) await leave(socket);
  await closed;
  if (sent === bytes)
    assert.doesNotMatch(got, /^HTTP\/1.1 400/m, `SEED=${SEED} client ${id}: a body taken for a request`);
  return checkAnswers(id, got, methods, tokens);
}

/** In the middle of what comes. */
async function leave(socket: Socket): Promise<void> {
  await sleep(5);
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

const pickMethod = (random: () => number) => ['GET', 'GET', 'POST', 'POST', 'HEAD'][Math.floor(random() * 5)];

async function sendInPieces(socket: Socket, bytes: string, random: () => number): Promise<void> {
  for (let at = 0; at < bytes.length && !socket.destroyed; ) {
    const size = Math.floor(random() ** 3 * bytes.length * 2) + 1;
    socket.write(bytes.slice(at, at + size), 'latin1');
    at += size;
    if (random() < 0.3) await sleep(random() ** 3 * 30);
  }
  // A request that was cut off gets no answer: its client says that nothing more comes.
  if (random() < 0.3 || bytes.length === 0 || !isWhole(bytes)) socket.end();
}

const isWhole = (bytes: string) => {
  for (let rest = bytes; rest !== ''; ) {
    const found = received(
      rest
        .replace('X-Token', 'x-token')
        .replace('Content-Length', 'content-length')
        .replace('Transfer-Encoding', 'transfer-encoding'),
    );
    if (found === null) return false;
    rest = rest.slice(found.length);
  }
  return true;
};

interface Answer {
  readonly status: number;
  readonly token: string;
  readonly body: string;
  readonly isWhole: boolean;
}

/** The answers in a text, interim ones left out. */
function answers(text: string, methods: readonly string[]): Answer[] {
  const found: Answer[] = [];
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\r\n\r\n', at) + 4;
    if (end < 4) break;
    const head = text.slice(at, end);
    const status = Number(head.slice(9, 12));
    at = end;
    if (status < 200) continue;
    const rest = text.slice(end);
    const token = /\r\nx-token: ([^\r]*)\r\n/.exec(head)?.[1] ?? '';
    const chunked = /\r\ntransfer-encoding: chunked\r\n/.test(head);
    const length = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1] ?? 0);
    if (methods[found.length] === 'HEAD' || status === 204 || status === 304)
      found.push({ status, token, body: '', isWhole: true });
    else if (chunked) {
      const body = chunkedBody(rest);
      found.push({ status, token, body: body?.body ?? '', isWhole: body !== null });
      if (body === null) break;
      at += body.length;
    } else {
      found.push({ status, token, body: rest.slice(0, length), isWhole: rest.length >= length });
      if (rest.length < length) break;
      at += length;
    }
  }
  return found.filter((answer) => answer.isWhole);
}

function checkAnswers(id: number, got: string, methods: readonly string[], tokens: readonly string[]): number {
  const where = `SEED=${SEED} client ${id}`;
  assert.ok(!got.includes('POISON'), `${where}: got what nobody asked for`);
  for (const [other] of got.matchAll(/c\d+r\d+x/g))
    assert.ok(other.startsWith(`c${id}r`), `${where}: got bytes of ${other}`);
  const found = answers(got, methods);
  assert.ok(found.length <= methods.length, `${where}: more answers than requests`);
  let own = 0;
  for (const [i, answer] of found.entries()) {
    if (answer.token === '') {
      assert.ok([400, 408, 502, 503, 504].includes(answer.status), `${where}: ${answer.status}`);
      continue;
    }
    assert.equal(answer.token, tokens[i], `${where}: the answer to another request`);
    assert.equal(answer.body.replaceAll(tokens[i], ''), '', `${where}: foreign bytes`);
    own++;
  }
  return own;
}

for (const [w, way] of WAYS.entries())
  test(`http-reuse ${way}: every client gets its own answers (SEED=${SEED})`, { timeout: 120_000 }, async () => {
    let own = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const ids = Array.from({ length: CLIENTS }, (_, i) => w * 1000 + round * 100 + i);
      for (const count of await Promise.all(ids.map((id) => talk(ports[way], id)))) own += count;
    }
    assert.deepEqual(serverFaults, []);
    assert.ok(own > CLIENTS * ROUNDS, `only ${own} answers`);
  });

/** Connections that the proxy holds to the server or from clients (proc(5): local and remote port, state). */
function connections(): string[] {
  const port = (text: string) => Number.parseInt(text.split(':')[1], 16);
  const rows = readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1, -1);
  const parts = rows.map((row) => row.trim().split(/\s+/));
  return parts
    .filter(([, local, remote]) => port(remote) === server.port || Object.values(ports).includes(port(local)))
    .filter(([, , , state]) => state === ESTABLISHED || state === CLOSE_WAIT)
    .map(([, local, remote, state]) => `${port(local)} ${port(remote)} ${state}`);
}

const ESTABLISHED = '01';
const CLOSE_WAIT = '08';

/** Proxies and servers of `show stat` that say somebody is there: current sessions, or a queue. */
async function occupied(): Promise<string[]> {
  const rows = (await proxy.ask('show stat')).split('\n').map((row) => row.split(','));
  const busy = rows.filter(([name, , queued, , current]) => WAYS.includes(name as 'safe') && (+queued || +current));
  return busy.map((row) => row.slice(0, 5).join());
}

test('when all have left, no session, no slot and no connection is left behind', { timeout: 60_000 }, async () => {
  for (const end = Date.now() + 15_000; Date.now() < end; await sleep(200))
    if ((await occupied()).length === 0 && connections().length === 0) break;
  assert.deepEqual(await occupied(), []);
  assert.deepEqual(connections(), []);
});
