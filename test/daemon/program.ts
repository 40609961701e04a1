/** Fairlead as a process of its own, and what the tests of the daemon do with it. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { removeTree } from '../support/remove-tree.js';

export const BIN = fileURLToPath(new URL('../../../bin/fairlead', import.meta.url));

/** A directory that goes when the test ends. */
export function workDirectory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'fairlead-daemon-'));
  t.after(() => removeTree(path));
  return path;
}

export function file(directory: string, name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

export { freePort } from '../../lab/support/ports.js';

/** Answers every connection with its name and closes. */
export async function nameServer(t: TestContext, name: string): Promise<number> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.end(`${name}\n`);
  }).listen(0, '127.0.0.1', 2048);
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as { port: number }).port;
}

export interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  /** What it printed so far, both streams. */
  output(): string;
  /** Exit code, or the signal that ended it. */
  ended: Promise<number | NodeJS.Signals | null>;
}

/** Starts a program; it is killed when the test ends. */
export function start(t: TestContext, command: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(command[0], command.slice(1), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let text = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk) => (text += String(chunk)));
  const ended = once(child, 'close').then(([code, signal]) => (signal ?? code) as number | NodeJS.Signals | null);
  t.after(() => child.kill('SIGKILL'));
  return { child, pid: child.pid!, output: () => text, ended };
}

export function fairlead(t: TestContext, ...args: string[]): Running {
  return start(t, [process.execPath, BIN, ...args]);
}

/** Waits for something to become true. */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>, limitMs = 8000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await isTrue())) {
    assert.ok(Date.now() < end, `${what}: not within ${limitMs} ms`);
    await sleep(20);
  }
}

/** One connection. @returns what was received, or the error code */
export function ask(port: number, limitMs = 3000): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.setTimeout(limitMs, () => socket.destroy(Object.assign(new Error('late'), { code: 'LATE' })));
    socket.on('data', (chunk) => {
      text += String(chunk);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.on('close', () => resolve(text));
  });
}

export function serves(port: number): () => Promise<boolean> {
  return async () => /^\w+\n$/.test(await ask(port));
}

/** Opens `perSecond` connections a second, each for one answer, for `seconds`. @returns counts by answer */
export async function traffic(port: number, perSecond: number, seconds: number): Promise<Map<string, number>> {
  const answers = new Map<string, number>();
  const open: Promise<void>[] = [];
  const begin = performance.now();
  for (let n = 0; n < perSecond * seconds; ) {
    const due = Math.min(perSecond * seconds, ((performance.now() - begin) / 1000) * perSecond);
    for (; n < due; n++)
      open.push(ask(port).then((answer) => void answers.set(answer, (answers.get(answer) ?? 0) + 1)));
    await sleep(5);
  }
  await Promise.all(open);
  return answers;
}

/** A small configuration: one listen section in front of name servers. */
export function listenConfig(port: number, servers: readonly number[], extra = ''): string {
  const lines = servers.map((p, i) => `  server s${i + 1} 127.0.0.1:${p}`);
  return `global
  nbthread 2
${extra}
defaults
  mode tcp
  timeout connect 2s
  timeout client 10s
  timeout server 10s
listen a
  bind 127.0.0.1:${port}
${lines.join('\n')}
`;
}
