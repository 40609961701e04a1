/**
 * Some thousand messages, valid and broken, through the real HAProxy 2.6 and through Fairlead: what the client gets,
 * what the server gets, and whether the client's connection lives on must be equal. Where Fairlead refuses what HAProxy
 * repairs or lets pass, our parser's error says so, and docs/differences.md gives the reason for each such error.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemTest } from '../support/peers.js';
import { freePort, type Program, startProxy } from '../support/proxy.js';
import { inPieces, mixedAnswers, mixedRequests, plainAnswers, plainRequests } from './http-messages.js';
import { firstError } from './http-verdict.js';
import { type Exchange, Lane, type Outcome, SERVER_ADDRESS } from './wire.js';

const LANES = 40;
const MIXED = 1200;
const PIECED = 400;
const SEED = Number(process.env.FAIRLEAD_SEED ?? 4);

const HEAD = `global
  maxconn 2000
  nbthread 1
defaults
  mode http
  http-reuse never
  retries 0
  timeout connect 5s
  timeout client 4s
  timeout server 2s
  timeout http-request 2s
`;

/** A server that closes behind its answer must not get the probe: whether it does would be a matter of chance. */
const ANSWERS_HEAD = `${HEAD}  option http-server-close\n`;

const section = (i: number, port: number, server: number) =>
  `frontend f${i}\n  bind 127.0.0.1:${port}\n  default_backend b${i}\nbackend b${i}\n  server s ${SERVER_ADDRESS}:${server}\n`;

/** Errors of ours with which HAProxy goes on; each is explained in docs/differences.md. */
const STRICTER = new Set([
  'BAD_METHOD',
  'BAD_CODING',
  'BAD_CHUNK_END',
  'BAD_CHUNK_SIZE',
  'BAD_CHUNK_EXTENSION',
  'BAD_HOST',
  'BAD_LENGTH',
  'BAD_START_LINE',
  'BAD_STATUS',
  'BAD_TARGET',
  'BAD_TRAILER',
  'BAD_VALUE',
  'BAD_VERSION',
  'BARE_LF',
  'BOTH_LENGTHS',
  'CODING_IN_1_0',
  'FOLDED',
  'REPEATED_HOST',
  'REPEATED_LENGTH',
]);

async function outcomes(program: Program, head: string, exchanges: readonly Exchange[]): Promise<Outcome[]> {
  const lanes = Array.from({ length: LANES }, () => new Lane());
  const servers: number[] = [];
  const ports: number[] = [];
  for (const lane of lanes) {
    servers.push(await lane.listen());
    ports.push(await freePort());
  }
  const proxy = await startProxy(program, head + ports.map((port, i) => section(i, port, servers[i])).join(''), ports);
  const results: Outcome[] = new Array(exchanges.length);
  let next = 0;
  const work = async (lane: Lane, port: number) => {
    await lane.run(port, { request: 'GET /warm HTTP/1.1\r\n\r\n' });
    for (let i = next++; i < exchanges.length; i = next++) results[i] = await lane.run(port, exchanges[i]);
  };
  try {
    await Promise.all(lanes.map((lane, i) => work(lane, ports[i])));
    return results;
  } catch (error) {
    throw new Error(`${program}: ${(error as Error).message}`, { cause: error });
  } finally {
    for (const lane of lanes) lane.close();
    await proxy.stop('SIGKILL');
  }
}

const GROUPS: readonly (readonly [string, () => Exchange[]])[] = [
  ['each oddity of requests', plainRequests],
  ['each oddity of answers', plainAnswers],
  ['requests put together', () => mixedRequests(MIXED, SEED)],
  ['answers put together', () => mixedAnswers(MIXED, SEED)],
  ['requests in pieces', () => inPieces(mixedRequests(PIECED, SEED + 1), SEED)],
  ['answers in pieces', () => inPieces(mixedAnswers(PIECED, SEED + 1), SEED)],
];

/** Three things that HAProxy does and nobody can want, so that they are not listed. */
function isOdd(exchange: Exchange, real: Outcome): boolean {
  // An answer other than 101 that names websocket gets the answer to a key that nobody sent.
  if (exchange.answer !== undefined && real.toClient.includes('\r\nSec-Websocket-Accept: ')) return true;
  // A Connection that comes in pieces, and keeps some of its words, is garbled.
  if (exchange.cuts !== undefined && /\r\nconnection: foose/.test(real.toServer + real.toClient)) return true;
  // A word of TE that only ends like `trailers` is taken for it.
  return /\r\nTE: ?[^\r,]+trailers/i.test(exchange.request + exchange.answer?.text);
}

/** Whether a client that still sends hears of its error before it is reset is a matter of chance. */
function isEqual(exchange: Exchange, real: Outcome, ours: Outcome): boolean {
  if (exchange.cuts !== undefined && (real.wasReset || ours.wasReset)) return real.toServer === ours.toServer;
  return JSON.stringify(real) === JSON.stringify(ours);
}

const met = new Set<string>();

for (const [name, make] of GROUPS)
  systemTest(`${name}: equal, or stricter for a reason`, { commands: ['haproxy'], timeoutMs: 120_000 }, async () => {
    const exchanges = make();
    const head = exchanges[0].answer === undefined ? HEAD : ANSWERS_HEAD;
    const real = await outcomes('haproxy', head, exchanges);
    const ours = await outcomes('fairlead', head, exchanges);
    const wrong: string[] = [];
    exchanges.forEach((exchange, i) => {
      if (isEqual(exchange, real[i], ours[i]) || isOdd(exchange, real[i])) return;
      const error = firstError(exchange);
      if (error !== null && STRICTER.has(error)) met.add(error);
      else wrong.push(describe(exchange, error, real[i], ours[i]));
    });
    assert.equal(
      wrong.length,
      0,
      `${wrong.length} of ${exchanges.length} (seed ${SEED}):\n${wrong.slice(0, 300).join('\n')}`,
    );
  });

function describe(exchange: Exchange, error: string | null, real: Outcome, ours: Outcome): string {
  const show = (outcome: Outcome) => JSON.stringify(outcome).slice(0, 700);
  const what = exchange.answer === undefined ? exchange.request : `${exchange.request}|${exchange.answer.text}`;
  return `${JSON.stringify(what).slice(0, 400)} ${error}\n  - ${show(real)}\n  + ${show(ours)}`;
}

test('each difference was met, and is explained', () => {
  const text = readFileSync(fileURLToPath(new URL('../../../docs/differences.md', import.meta.url)), 'utf8');
  for (const error of STRICTER) {
    assert.ok(met.has(error), `${error} is no difference any more`);
    assert.ok(text.includes(`\`${error}\``), `docs/differences.md does not explain ${error}`);
  }
});
