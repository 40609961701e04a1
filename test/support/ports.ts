/**
 * Ports for the tests. Test files run at the same time, and both proxies bind with SO_REUSEPORT: two that took the same
 * port would share its clients instead of failing. So a port is claimed by a file of its own before it is used, and
 * stays claimed until the process that claimed it has ended. The range lies below the kernel's ephemeral ports.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FIRST = 12_000;
const COUNT = 18_000;
const DIR = join(tmpdir(), `fairlead-test-ports-${process.getuid?.() ?? 0}`);
const claimed: string[] = [];
let next = (process.pid * 37) % COUNT;

/** @returns a port of 127.0.0.1 that nothing listens on and no other test process will take */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < COUNT; tries++) {
    const port = FIRST + next;
    next = (next + 1) % COUNT;
    if (claim(port) && (await isFree(port))) return port;
  }
  throw new Error('no port is free');
}

function claim(port: number): boolean {
  const file = join(DIR, String(port));
  mkdirSync(DIR, { recursive: true });
  if (written(file)) return true;
  if (isAlive(file)) return false;
  rmSync(file, { force: true });
  return written(file);
}

function written(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
  } catch {
    return false; // another process was first
  }
  if (claimed.push(file) === 1) process.on('exit', giveBack);
  return true;
}

/** Whether the process that claimed a port still runs. */
function isAlive(file: string): boolean {
  try {
    process.kill(Number(readFileSync(file, 'utf8')), 0);
    return true;
  } catch {
    return false; // gone, or the claim was given back meanwhile
  }
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

function giveBack(): void {
  for (const file of claimed) rmSync(file, { force: true });
}
