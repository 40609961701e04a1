/** The proxies side by side: each one worker in tcp mode, its ordinary settings, one backend. */
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../lab/support/ports.js';
import { REPOSITORY } from '../../lab/support/repository.js';
import type { Sandbox } from '../../lab/support/sandbox.js';
import { DESCRIPTORS, nginxHead, startNginx } from './backend.js';
import { untilListening } from './ports.js';

export const CONTESTANTS = ['fairlead', 'haproxy', 'nginx', 'pen'] as const;
export type Contestant = (typeof CONTESTANTS)[number];

/** Two descriptors a connection, within a limit of 20,000 as many systems have it. */
const CONNECTIONS_MAX = 9500;

export interface Running {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  readonly process: ChildProcess;
}

/** Starts one of them in front of 127.0.0.1:`backend` and waits until it listens. */
export async function startContestant(sandbox: Sandbox, name: Contestant, backend: number): Promise<Running> {
  const port = await freePort();
  if (name === 'nginx') return ready(name, port, nginxStream(sandbox, port, backend));
  if (name === 'pen') return ready(name, port, pen(sandbox, port, backend));
  return startOnFile(sandbox, name, haproxyFile(port, 1, backend), port);
}

/** A tcp listener in HAProxy's language, for HAProxy and for Fairlead. */
export function haproxyFile(port: number, threads: number, backend: number): string {
  return `global
  maxconn ${CONNECTIONS_MAX}
  nbthread ${threads}
defaults
  mode tcp
  timeout connect 5s
  timeout client 600s
  timeout server 600s
listen bench
  bind 127.0.0.1:${port}
  server s1 127.0.0.1:${backend}
`;
}

/** Runs HAProxy or Fairlead on a file. @param options further words of HAProxy's command line */
export async function startOnFile(
  sandbox: Sandbox,
  name: 'fairlead' | 'haproxy',
  text: string,
  port: number,
  options: readonly string[] = ['-db'],
): Promise<Running> {
  const file = sandbox.path(`${name}-${port}.cfg`);
  writeFileSync(file, text);
  const words = ['-f', file, ...options];
  const command = name === 'haproxy' ? ['haproxy', ...words] : fairlead(words);
  return ready(name, port, start(sandbox, name, command));
}

function fairlead(words: readonly string[]): string[] {
  return [process.execPath, join(REPOSITORY, 'bin', 'fairlead'), 'haproxy', ...words];
}

function nginxStream(sandbox: Sandbox, port: number, backend: number): ChildProcess {
  const dir = sandbox.path('nginx-stream');
  mkdirSync(dir);
  const load = 'load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n';
  const server = `server { listen 127.0.0.1:${port} backlog=4096; proxy_timeout 600s; proxy_pass 127.0.0.1:${backend}; }`;
  writeFileSync(`${dir}/nginx.conf`, `${load}${nginxHead(dir)}stream {\n  ${server}\n}\n`);
  return startNginx(sandbox, dir);
}

/** `-f` foreground, `-r` no client tracking, as a plain balancer; `-x` and `-c` its table sizes. */
function pen(sandbox: Sandbox, port: number, backend: number): ChildProcess {
  const words = [
    '-f',
    '-r',
    '-x',
    String(CONNECTIONS_MAX),
    '-c',
    String(CONNECTIONS_MAX),
    `127.0.0.1:${port}`,
    `127.0.0.1:${backend}`,
  ];
  return start(sandbox, 'pen', ['pen', ...words]);
}

function start(sandbox: Sandbox, name: string, command: readonly string[]): ChildProcess {
  return sandbox.start('prlimit', [`--nofile=${DESCRIPTORS}`, ...command], { log: `${name}.log` });
}

async function ready(name: string, port: number, process: ChildProcess): Promise<Running> {
  await untilListening(port, name);
  if (process.pid === undefined) throw new Error(`${name} did not start`);
  return { name, port, pid: process.pid, process };
}
