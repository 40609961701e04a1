/**
 * Free ports of 127.0.0.1. Programs that need some run at the same time, and both proxies bind with SO_REUSEPORT: two
 * that took the same port would share its clients instead of failing. So a port is claimed before it is used, by a
 * socket in the abstract namespace of unix(7), which the kernel gives to one process alone and takes back at its end.
 * The range lies below the kernel's ephemeral ports.
 */
import { createServer, type Server } from 'node:net';

const FIRST = 12_000;
const COUNT = 18_000;
const claims: Server[] = [];
let next = (process.pid * 37) % COUNT;

/** @returns a port that nothing listens on and nobody else will take while this process runs */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < COUNT; tries++) {
    const port = FIRST + next;
    next = (next + 1) % COUNT;
    if ((await claim(port)) && (await isFree(port))) return port;
  }
  throw new Error('no port is free');
}

async function claim(port: number): Promise<boolean> {
  const server = await listen({ path: `\0fairlead-port-${port}` });
  if (server === null) return false;
  claims.push(server.unref());
  return true;
}

async function isFree(port: number): Promise<boolean> {
  const server = await listen({ port, host: '127.0.0.1' });
  if (server === null) return false;
  await new Promise((closed) => server.close(closed));
  return true;
}

/** @returns null when it is taken */
function listen(where: { path: string } | { port: number; host: string }): Promise<Server | null> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(null));
    server.listen(where, () => resolve(server));
  });
}
