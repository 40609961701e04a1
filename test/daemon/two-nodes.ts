/** Two servers whose checks can be told what to say, behind one Fairlead; and its subcommands run to their end. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { StoredEvent } from '../../src/core/events/event.js';
import { fairlead, file, freePort, type Running, until, workDirectory } from './program.js';

export interface Node {
  readonly port: number;
  /** What its check says. */
  fit: boolean;
  /** Checks so far. */
  asked: number;
}

/** A server whose health check can be told what to answer. */
export async function node(t: TestContext): Promise<Node> {
  const self: Node = { port: await freePort(), fit: true, asked: 0 };
  const server = createServer();
  server.on('request', (_request, response) => {
    self.asked++;
    response.writeHead(self.fit ? 200 : 503, { connection: 'close' }).end();
  });
  server.listen(self.port, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return self;
}

export function config(port: number, socket: string, nodes: readonly Node[], inter: string, extra = ''): string {
  const servers = nodes.map((each, i) => `  server db${i + 1} 127.0.0.1:${each.port} check`).join('\n');
  return `global
  nbthread 1
  stats socket ${socket} level admin
defaults
  mode tcp
  timeout connect 2s
  timeout client 10s
  timeout server 10s
  timeout check 2s
listen pg
  bind 127.0.0.1:${port}
  option httpchk
  default-server inter ${inter} fall 2 rise 2
${servers}
${extra}`;
}

export async function setUp(t: TestContext, inter = '50ms') {
  const directory = workDirectory(t);
  const nodes = [await node(t), await node(t)];
  const socket = join(directory, 's.sock');
  const port = await freePort();
  const path = file(directory, 'a.cfg', config(port, socket, nodes, inter));
  const program = fairlead(t, 'run', '-f', path);
  await until('it runs', () => program.output().includes('ready: pg'));
  await until('both were checked', () => nodes.every((each) => each.asked > 1 || inter !== '50ms'));
  return { directory, nodes, socket, port, path, program };
}

/** Runs a subcommand to its end. */
export async function command(t: TestContext, ...args: string[]): Promise<{ code: unknown; output: string }> {
  const running = fairlead(t, ...args);
  return { code: await running.ended, output: running.output() };
}

export function seen(running: Running): StoredEvent[] {
  return running
    .output()
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as StoredEvent);
}

/** `db1 up>down` */
export const changes = (events: readonly StoredEvent[]) =>
  events.map(({ server, detail }) => `${server} ${detail?.from}>${detail?.to}`);
