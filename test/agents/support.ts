/** Fairlead with check endpoints as a process, pollers of all kinds, and a real HAProxy that polls. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const FAIRLEAD = fileURLToPath(new URL('../../../bin/fairlead', import.meta.url));

/** A file of the documents, as printed there. */
export function printed(name: string): string {
  return readFileSync(new URL(`../../../test/config/agents/files/${name}`, import.meta.url), 'utf8');
}

/** The HAProxy file of a document. */
export function haproxySeed(name: string): string {
  return readFileSync(new URL(`../../../test/config/haproxy/seeds/${name}.cfg`, import.meta.url), 'utf8');
}

export function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'fairlead-agents-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export interface Agents {
  readonly child: ChildProcess;
  /** What it printed so far, both streams. */
  output(): string;
  reload(): void;
}

/** @param files name to text; all are given to `fairlead run`. Resolves when it is ready, rejects when it ends before. */
export async function startAgents(
  t: TestContext,
  files: { readonly [name: string]: string },
  env: { readonly [name: string]: string } = {},
  dir = directory(t),
): Promise<Agents> {
  const paths = Object.entries(files).map(([name, text]) => {
    writeFileSync(join(dir, name), text);
    return join(dir, name);
  });
  const child = spawn(process.execPath, [FAIRLEAD, 'run', ...paths.flatMap((path) => ['-f', path])], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += String(chunk)));
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  await until('fairlead to be ready', () => /^ready: /m.test(text) || child.exitCode !== null);
  if (child.exitCode !== null && !/^ready: /m.test(text))
    throw new Error(`fairlead ended with ${child.exitCode}:\n${text}`);
  return { child, output: () => text, reload: () => void child.kill('SIGHUP') };
}

export async function until(what: string, holds: () => boolean | Promise<boolean>, limitMs = 15_000): Promise<void> {
  for (const end = Date.now() + limitMs; !(await holds()); await sleep(20))
    if (Date.now() > end) throw new Error(`${what}: not within ${limitMs} ms`);
}

export interface Heard {
  /** Everything that came, as latin1. */
  readonly bytes: string;
  readonly status: number;
  readonly body: string;
  readonly ms: number;
  /** Code of the error that ended it, or ''. */
  readonly error: string;
}

/** How a poller behaves, beside what it sends. */
interface Manners {
  readonly host?: string;
  /** Closes its side behind what it sends. */
  readonly halfClose?: boolean;
  readonly limitMs?: number;
}

/** Sends bytes, and hears until the other side closes. */
export function poll(port: number, send: string, manners: Manners = {}): Promise<Heard> {
  const beganMs = performance.now();
  return new Promise((resolve) => {
    const socket = connect({ port, host: manners.host ?? '127.0.0.1', allowHalfOpen: true });
    let bytes = '';
    let error = '';
    socket.setTimeout(manners.limitMs ?? 8000, () => socket.destroy(Object.assign(new Error(), { code: 'LATE' })));
    socket.on('connect', () => {
      if (send !== '') socket.write(send, 'latin1');
      if (manners.halfClose) socket.end();
    });
    socket.on('data', (chunk) => (bytes += chunk.toString('latin1')));
    socket.on('end', () => socket.end());
    socket.on('error', (e: NodeJS.ErrnoException) => (error = e.code ?? e.message));
    socket.on('close', () => {
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(bytes)?.[1] ?? 0);
      const body = bytes.slice(bytes.indexOf('\r\n\r\n') + 4);
      resolve({ bytes, status, body, ms: performance.now() - beganMs, error });
    });
  });
}

export const get = (port: number, path = '/', host = '127.0.0.1') =>
  poll(port, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`, { host });

/** @returns what an endpoint says of itself */
export async function ask(port: number, path = '/', host = '127.0.0.1'): Promise<{ [key: string]: unknown }> {
  const accept = 'Accept: application/json\r\n';
  const heard = await poll(port, `GET ${path} HTTP/1.1\r\nHost: x\r\n${accept}\r\n`, { host });
  return JSON.parse(heard.body) as { [key: string]: unknown };
}

/** Waits until an endpoint answers with the status. */
export async function answers(port: number, status: number, host = '127.0.0.1', path = '/'): Promise<void> {
  let last = '';
  await until(`status ${status} of ${host}:${port}${path}`, async () => {
    const heard = await get(port, path, host);
    last = heard.bytes;
    return heard.status === status;
  }).catch((error: Error) => {
    throw new Error(`${error.message}; it says ${last}`);
  });
}
