/** Starts the server that answers from memory, and lets it listen to one check first. */
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '../../lab/support/ports.js';
import { REPOSITORY } from '../../lab/support/repository.js';
import type { Sandbox } from '../../lab/support/sandbox.js';
import { sleep } from '../../lab/support/wait.js';
import { startOnFile } from './contestants.js';
import { untilListening } from './ports.js';
import type { Counts } from './replay-server.js';
import { type RoleKind, roleFile } from './role-file.js';

/** Some checks, so that what is asked each time is told from what is asked once. */
const LEARN_MS = 3000;

export interface Replay {
  readonly port: number;
  counts(): Promise<Counts>;
  end(): void;
}

/** @param target port of the real database on 127.0.0.1 */
export async function startReplay(sandbox: Sandbox, kind: RoleKind, target: number): Promise<Replay> {
  const port = await freePort();
  const words = [
    join(REPOSITORY, 'dist', 'bench', 'main.js'),
    'replay',
    '--port',
    String(port),
    '--target',
    String(target),
  ];
  const server = sandbox.start(process.execPath, words, { log: `replay-${kind}.log`, pipe: true, input: true });
  await untilListening(port, 'the server that answers from memory');
  const lines = createInterface({ input: server.stdout! })[Symbol.asyncIterator]();
  const listen = await freePort();
  const one = await startOnFile(
    sandbox,
    'fairlead',
    roleFile(sandbox, kind, { listen, port, servers: 1, intervalMs: 200 }),
    listen,
  );
  await sleep(LEARN_MS);
  one.process.kill('SIGKILL');
  server.stdin?.write('answer from memory\n');
  const counts = async () => {
    server.stdin?.write('count\n');
    return JSON.parse((await lines.next()).value) as Counts;
  };
  return { port, counts, end: () => server.kill('SIGKILL') };
}
