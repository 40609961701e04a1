/**
 * A proxy under test, in a namespace of its own, with its file, and a second file that opens an admin socket: neither
 * changes what the first says.
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { REPOSITORY } from './repository.js';
import type { Sandbox } from './sandbox.js';

export type ProxyName = 'fairlead' | 'haproxy';

const ANSWER_TIMEOUT_MS = 5000;

const FAIRLEAD = join(REPOSITORY, 'bin', 'fairlead');

/** What Fairlead runs on: the seed's file as it is, the same with one comment, or its own language. */
export type Files = 'seed' | 'role' | 'yaml';

export interface Proxy {
  readonly name: ProxyName;
  /** One command of HAProxy's runtime API. */
  command(line: string): Promise<string>;
  /** `set server SERVER state …`, of the service's servers. */
  setState(server: string, state: 'drain' | 'ready'): Promise<void>;
  /** What `fairlead explain` prints of a server of the service. */
  explain(server: string): Promise<string>;
}

/**
 * @param file in HAProxy's language, or a `fairlead.yaml`
 * @param service what the file calls the servers' proxy
 */
export function startProxy(sandbox: Sandbox, namespace: string, name: ProxyName, file: string, service: string): Proxy {
  const socket = sandbox.path(`${name}.sock`);
  const admin = sandbox.path(`${name}-admin.cfg`);
  writeFileSync(admin, `global\n  stats socket ${socket} mode 600 level admin\n`);
  const files = ['-f', file, '-f', admin];
  // `-db` keeps it in the foreground: a file may say `daemon`, and the lab must own the process.
  const started = file.endsWith('.yaml') ? [FAIRLEAD, 'run', ...files] : [FAIRLEAD, 'haproxy', ...files, '-db'];
  if (name === 'fairlead') sandbox.start(process.execPath, started, { namespace, log: 'fairlead.log' });
  else sandbox.start('haproxy', [...files, '-db'], { namespace, log: 'haproxy.log' });
  return {
    name,
    command: (line) => ask(socket, line),
    setState: async (server, state) => {
      const answer = await ask(socket, `set server ${service}/${server} state ${state}`);
      if (answer !== '') throw new Error(`${name}: ${answer}`);
    },
    explain: (server) => output([FAIRLEAD, 'explain', `${service}/${server}`, '-s', socket]),
  };
}

function ask(path: string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect({ path });
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy(new Error(`no answer to '${line}'`)));
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.on('error', reject);
    socket.on('end', () => resolve(text.trim()));
    socket.write(`${line}\n`);
  });
}

function output(words: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'], timeout: ANSWER_TIMEOUT_MS * 2 });
    let text = '';
    const add = (chunk: Buffer) => {
      text += chunk.toString();
    };
    child.stdout.on('data', add);
    child.stderr.on('data', add);
    child.on('close', () => resolve(text));
    child.on('error', (error) => resolve(error.message));
  });
}
