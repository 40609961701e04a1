/** Load by wrk, a closed loop: each connection sends its next request when it has the answer to the last. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

interface Load {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  /** A new connection for every request. */
  readonly close?: boolean;
  readonly path?: string;
  /** A Lua script of wrk's. */
  readonly script?: string;
}

interface Answered {
  readonly requests: number;
  readonly perSecond: number;
  readonly p99Ms: number;
  /** Connections refused, broken or timed out, and answers that were no 2xx. */
  readonly errors: number;
}

export async function wrk(load: Load): Promise<Answered> {
  const header = load.close ? ['-H', 'Connection: close'] : [];
  const shape = ['-t1', `-c${load.connections}`, `-d${load.seconds}s`, '--latency'];
  const script = load.script ? ['-s', load.script] : [];
  const { stdout } = await execute('wrk', [
    ...shape,
    ...script,
    ...header,
    `http://127.0.0.1:${load.port}${load.path ?? '/'}`,
  ]);
  return parse(stdout);
}

function parse(text: string): Answered {
  const [, requests, seconds] = /(\d+) requests in ([\d.]+)(?:s|m)/.exec(text) ?? [];
  if (requests === undefined) throw new Error(`wrk printed no result:\n${text}`);
  const socket = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text)?.slice(1) ?? [];
  const status = /Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? '0';
  return {
    requests: Number(requests),
    perSecond: Number(requests) / Number(seconds),
    p99Ms: duration(/99% +([\d.]+)(us|ms|s)/.exec(text)),
    errors: [...socket, status].reduce((sum, count) => sum + Number(count), 0),
  };
}

function duration(found: RegExpExecArray | null): number {
  if (found === null) return Number.NaN;
  const inMs: { readonly [unit: string]: number } = { us: 0.001, ms: 1, s: 1000 };
  return Number(found[1]) * inMs[found[2]];
}
