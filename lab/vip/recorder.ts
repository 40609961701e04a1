/**
 * What is to be seen of a virtual address from outside: by a client that connects and pings, in the client's neighbour
 * table, and in the address list of every proxy host. Everything is written down as it happens, with its time.
 */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Host } from '../support/host.js';
import { REPOSITORY } from '../support/repository.js';
import { PROXY_PORT, VIP } from './files.js';
import type { Record as Recorded } from './measure.js';
import { INTERFACE, macOf, type Network, type PlaceName } from './network.js';
import type { Attempt } from './probe.js';

const PING_EVERY_S = '0.02';

export interface Recorder {
  /** Grows while it runs. */
  readonly record: Recorded;
  stop(): void;
}

/** @param proxies hosts whose address lists are watched */
export function startRecorder(network: Network, proxies: readonly PlaceName[]): Recorder {
  const client = network.hosts.get('client')!;
  const holders = new Map(proxies.map((name) => [name, [] as { atMs: number; isHeld: boolean }[]]));
  const record = { attempts: [] as Attempt[], pings: [] as number[], neighbours: [] as Neighbour[], holders };
  const watchers = [
    follow(probe(client), (line) => record.attempts.push(JSON.parse(line) as Attempt)),
    follow(client.start('ping', ['-D', '-n', '-i', PING_EVERY_S, VIP], pipe('ping')), (line) => {
      const reply = /^\[([\d.]+)\] \d+ bytes from/.exec(line);
      if (reply) record.pings.push(Number(reply[1]) * 1000);
    }),
    follow(client.start('ip', ['-ts', 'monitor', 'neigh', 'dev', INTERFACE], pipe('neighbours')), (line) => {
      const seen = parseNeighbour(line);
      if (seen) record.neighbours.push(seen);
    }),
    ...proxies.map((name) =>
      follow(network.hosts.get(name)!.start('ip', ['-ts', 'monitor', 'address'], pipe(`${name}-addresses`)), (line) => {
        const seen = parseAddress(line, VIP);
        if (seen) holders.get(name)?.push(seen);
      }),
    ),
  ];
  return {
    record,
    stop: () => {
      for (const stop of watchers) stop();
    },
  };
}

interface Neighbour {
  readonly atMs: number;
  readonly host: PlaceName | '';
}

function pipe(name: string): { log: string; pipe: true } {
  return { log: `${name}.log`, pipe: true };
}

function probe(client: Host): ChildProcess {
  const words = [join(REPOSITORY, 'dist', 'lab', 'main.js'), 'vip-probe', '--host', VIP, '--port', String(PROXY_PORT)];
  return client.start(process.execPath, words, pipe('probe'));
}

/** @returns what ends it: its output is read no further, and it with it */
function follow(child: ChildProcess, take: (line: string) => void): () => void {
  if (child.stdout === null) throw new Error('a watcher without output cannot tell');
  const lines = createInterface({ input: child.stdout });
  lines.on('line', take);
  return () => {
    lines.close();
    child.stdout?.destroy();
  };
}

/** `[2026-11-21T17:31:56.123456] …` of `ip -ts`, local time. @returns epoch ms */
function stamp(line: string): number {
  return Date.parse(/^\[([^\]]+)\]/.exec(line)?.[1] ?? '');
}

/** @returns whether the address was added or removed; undefined for any other line */
export function parseAddress(line: string, address: string): { atMs: number; isHeld: boolean } | undefined {
  const found = /^\[[^\]]+\] (Deleted )?.* inet6? ([^/ ]+)/.exec(line);
  if (found === null || found[2] !== address) return undefined;
  return { atMs: stamp(line), isHeld: found[1] === undefined };
}

/** @returns which host the client takes for the address; '' for none; undefined for any other line */
export function parseNeighbour(line: string): Neighbour | undefined {
  const found = /^\[[^\]]+\] (Deleted )?(\S+) /.exec(line);
  if (found === null || found[2] !== VIP) return undefined;
  const mac = /lladdr (\S+)/.exec(line)?.[1];
  const host = (['a', 'b', 'c'] as const).find((name) => macOf(name) === mac);
  return { atMs: stamp(line), host: found[1] === undefined ? (host ?? '') : '' };
}
