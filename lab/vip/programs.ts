/** The two programs that hold virtual addresses on the hosts of labs, benchmarks and tests, and how their processes are found. */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Host } from '../support/host.js';
import { REPOSITORY } from '../support/repository.js';
import type { PlaceName } from './network.js';

export type Program = 'keepalived' | 'fairlead';

/** Where IDLE_PROXY listens for commands; `/run` is each host's own. */
export const STATUS_SOCKET = '/run/fairlead.sock';
export const FAIRLEAD = join(REPOSITORY, 'bin', 'fairlead');

/** By their command lines. */
export const PROCESSES = {
  keepalived: /^keepalived /,
  /** The daemon and its helper. */
  fairlead: /\/bin\/fairlead run|\/dist\/src\/vip\/helper\//,
  'fairlead alone': /\/bin\/fairlead run/,
  haproxy: /^haproxy /,
} as const;

/** A proxy with nothing to do: a Fairlead without one has nothing to hold an address for. */
export const IDLE_PROXY = `global
  nbthread 1
  stats socket ${STATUS_SOCKET} mode 600 level admin
defaults
  mode tcp
  timeout connect 5s
  timeout client 50s
  timeout server 50s
listen idle
  bind *:81
  server nobody 127.0.0.1:9
`;

export function startKeepalived(host: Host, place: PlaceName, file: string): ChildProcess {
  const words = ['--dont-fork', '--log-console', '--log-detail', '--vrrp', '-f', file];
  return host.start('keepalived', words, { log: `${place}-keepalived.log` });
}

/** @param files haproxy.cfg and keepalived.conf */
export function startFairlead(host: Host, place: PlaceName, files: readonly string[]): ChildProcess {
  const words = [FAIRLEAD, 'run', '-q', ...files.flatMap((file) => ['-f', file])];
  return host.start(process.execPath, words, { log: `${place}-fairlead.log` });
}
