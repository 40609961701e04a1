/**
 * `fairlead demo`, which is what `npm start` runs: three small nodes and Fairlead in front of them, to be killed,
 * drained and brought back by whoever watches.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { loadConfig } from '../config/load.js';
import { rowKey } from '../core/table.js';
import { ProcessLog } from '../daemon/process-log.js';
import { Supervisor } from '../daemon/supervisor.js';
import { exitNow } from '../linux/process.js';
import { DemoClient } from './demo/client.js';
import { DemoNode } from './demo/nodes.js';
import { createScreen, type Screen } from './demo/screen.js';

const PREFERRED_PORT = 13306;
const PORTS_TRIED = 100;
const REDRAW_MS = 200;
const ASKS_PER_SECOND = 20;

export function register(program: Command): void {
  program.command('demo').description('three small nodes behind one address, to play with').action(demo);
}

async function demo(): Promise<void> {
  const nodes = ['node1', 'node2', 'node3'].map((name) => new DemoNode(name));
  const directory = mkdtempSync(join(tmpdir(), 'fairlead-demo-'));
  const leave = (code: number) => {
    for (const node of nodes) node.kill();
    rmSync(directory, { recursive: true, force: true });
    if (process.stdout.isTTY) process.stdout.write('\n');
    exitNow(code);
  };
  try {
    await Promise.all(nodes.map((node) => node.start()));
    const port = await firstFreePort(PREFERRED_PORT);
    const path = join(directory, 'demo.cfg');
    writeFileSync(path, configuration(port, nodes, join(directory, 'stats.sock')));
    await run(nodes, port, path, leave);
  } catch (error) {
    console.error((error as Error).message);
    leave(1);
  }
}

/** The demonstration is an ordinary configuration, in the language people know. */
function configuration(port: number, nodes: readonly DemoNode[], socket: string): string {
  const servers = nodes.map((n) => `    server ${n.name} 127.0.0.1:${n.port} check port ${n.checkPort}`);
  return `global
    stats socket ${socket} mode 600 level admin
defaults
    mode tcp
    timeout connect 1s
    timeout client 1h
    timeout server 1h
    retries 3
    option redispatch 1
listen demo
    bind 127.0.0.1:${port}
    balance roundrobin
    option httpchk GET /
    default-server inter 200ms rise 2 fall 2 on-marked-down shutdown-sessions
${servers.join('\n')}
`;
}

async function run(nodes: DemoNode[], port: number, path: string, leave: (code: number) => void): Promise<void> {
  const load = () => loadConfig([path]);
  const first = load();
  if (first.diagnostics.hasErrors) throw new Error(first.diagnostics.renderAll());
  const log = new ProcessLog();
  log.quiet = true;
  const supervisor = new Supervisor(first.model, { load, log, onEnd: (how) => leave(how === 'failed' ? 1 : 0) });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => supervisor.stop(false));
  const failure = await supervisor.start();
  if (failure) throw new Error(failure.texts.join('\n'));
  const client = new DemoClient(port);
  client.start(ASKS_PER_SECOND);
  const screen = createScreen(process.stdout, introduction(port, path));
  setInterval(() => screen.show(view(supervisor, nodes, client)), REDRAW_MS);
  obey(nodes, supervisor, screen);
}

function introduction(port: number, path: string): string[] {
  return [
    `Fairlead stands in front of three nodes. Connect:   nc 127.0.0.1 ${port}   (type a line; the node answers)`,
    `Its configuration: ${path}   From another terminal: fairlead status --watch`,
    'Try:  k 2  kill node2     d 2  drain node2 (its clients may stay)     b 2  bring node2 back     q  quit',
  ];
}

function view(supervisor: Supervisor, nodes: readonly DemoNode[], client: DemoClient) {
  return {
    servers: nodes.map((node) => ({
      name: node.name,
      address: `127.0.0.1:${node.port}`,
      isAlive: node.isRunning,
      row: supervisor.row(rowKey.server('demo', node.name))!,
    })),
    answers: client.lastSecond,
    failed: client.failedInTotal,
    events: supervisor.history.list().map((e) => `${new Date(e.atMs).toTimeString().slice(0, 8)} ${e.text}`),
  };
}

/** Commands come as lines, from a person or from a pipe; at its end the demonstration goes on. */
function obey(nodes: readonly DemoNode[], supervisor: Supervisor, screen: Screen): void {
  createInterface({ input: process.stdin }).on('line', (line) => {
    const [word = '', which = ''] = line.trim().split(/\s*(?=\d)|\s+/);
    const node = nodes[Number(which) - 1];
    if (word === 'q') supervisor.stop(false);
    else if (!node || !Object.hasOwn(ACTIONS, word))
      screen.say("write 'k', 'd' or 'b' and a number from 1 to 3, or 'q'");
    else
      ACTIONS[word](node, supervisor).then(
        (text) => screen.say(text),
        (error: Error) => screen.say(error.message),
      );
  });
}

const ACTIONS: { readonly [word: string]: (node: DemoNode, supervisor: Supervisor) => Promise<string> } = {
  k: async (node) => {
    node.kill();
    return `${node.name} killed; the check notices, its sessions end, clients go to the others. Next: b ${node.name.at(-1)}`;
  },
  d: async (node, supervisor) => {
    await supervisor.admin('demo', node.name, { do: 'state', state: 'drain' });
    return `${node.name} gets no new clients; those it has may stay. Next: b ${node.name.at(-1)}`;
  },
  b: async (node, supervisor) => {
    const wasKilled = !node.isRunning;
    if (wasKilled) await node.start();
    await supervisor.admin('demo', node.name, { do: 'state', state: 'ready' });
    return `${node.name} is back and gets clients again${wasKilled ? ' after two good checks' : ''}`;
  },
};

async function firstFreePort(from: number): Promise<number> {
  for (let port = from; port < from + PORTS_TRIED; port++) if (await isFree(port)) return port;
  throw new Error(`no free port from ${from} to ${from + PORTS_TRIED - 1} on 127.0.0.1`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
