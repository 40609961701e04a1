/**
 * A server that costs little to ask: it passes its first connections on to a real database and remembers which bytes
 * answered which; then it answers from memory alone, at any number of connections. It knows no protocol, so it stays
 * right whatever a check asks; it suits dialogues without random parts, as logging in without a challenge is.
 * A line on standard input ends the first part, and each further line makes it print what it has counted.
 */
import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

interface ReplayOptions {
  readonly port: number;
  readonly target: number;
}

export interface Counts {
  /** Answers to the request that came most often: each check asks it once. */
  readonly checks: number;
  /** Requests it had never heard; it closes such a session. */
  readonly unknown: number;
}

interface Memory {
  readonly answers: Map<string, Buffer>;
  readonly asked: Map<string, number>;
  unknown: number;
}

/** The answer to nothing: what a server says first. */
const GREETING = '';

export function runReplayServer({ port, target }: ReplayOptions): void {
  const memory: Memory = { answers: new Map(), asked: new Map(), unknown: 0 };
  let isLearning = true;
  createInterface({ input: process.stdin }).on('line', () => {
    if (!isLearning) process.stdout.write(`${JSON.stringify(count(memory))}\n`);
    isLearning = false;
  });
  createServer({ noDelay: true }, (client) => {
    client.on('error', () => client.destroy());
    if (isLearning) learn(client, target, memory.answers);
    else replay(client, memory);
  }).listen({ port, host: '0.0.0.0', backlog: 4096 });
}

function count({ asked, unknown }: Memory): Counts {
  return { checks: Math.max(0, ...asked.values()), unknown };
}

/** A turn: what the client said since the last answer, and all that the database said to it. */
function learn(client: Socket, target: number, answers: Map<string, Buffer>): void {
  const database = connect(target, '127.0.0.1');
  let question = GREETING;
  let isAnswering = true;
  client.on('data', (bytes) => {
    question = isAnswering ? bytes.toString('latin1') : question + bytes.toString('latin1');
    isAnswering = false;
    database.write(bytes);
  });
  database.on('data', (bytes) => {
    const before = isAnswering ? answers.get(question) : undefined;
    answers.set(question, before === undefined ? bytes : Buffer.concat([before, bytes]));
    isAnswering = true;
    client.write(bytes);
  });
  client.on('close', () => database.destroy());
  database.on('close', () => client.destroy());
  database.on('error', () => client.destroy());
}

function replay(client: Socket, memory: Memory): void {
  const greeting = memory.answers.get(GREETING);
  if (greeting !== undefined) client.write(greeting);
  client.on('data', (bytes) => {
    const request = bytes.toString('latin1');
    const answer = memory.answers.get(request);
    if (answer === undefined) {
      memory.unknown++;
      client.destroy();
      return;
    }
    memory.asked.set(request, (memory.asked.get(request) ?? 0) + 1);
    client.write(answer);
  });
}
