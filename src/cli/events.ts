/**
 * `fairlead events [BACKEND[/SERVER]|VIP] [--follow] [--since 10m] [--json] [-s SOCKET]`: what happened, a line each. With
 * --follow it goes on until it is interrupted, through reloads and from a process to its successor.
 * Exit codes: 0 all was printed (or the reader went away), 1 it could not be had, 130 interrupted.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { followSocket } from '../control/follow-client.js';
import { localTime } from '../control/local-time.js';
import { askSocket } from '../control/stats-client.js';
import type { StoredEvent } from '../core/events/event.js';
import { eventText, subjectOf } from '../core/events/line.js';
import { painter } from './paint-story.js';
import { addSocketOption, asWord, type SocketOptions, socketOf } from './socket-option.js';

interface Options extends SocketOptions {
  follow?: boolean;
  json?: boolean;
  since?: string;
}

const ANSWER_TIMEOUT_MS = 10_000;
/** A successor, or a socket that a reload opens again, is waited for this long. */
const RECONNECT_MS = 10_000;
const RETRY_MS = 100;

export function register(program: Command): void {
  const command = program
    .command('events')
    .description('print what happened to servers, backends and virtual addresses, the oldest first')
    .argument('[backend[/server]|vip]', 'only of this one')
    .option('-f, --follow', 'go on with what happens from now on, until interrupted')
    .option('--since <time>', 'only of the last 30s, 10m, 2h …')
    .option('--json', 'print one JSON document per line');
  addSocketOption(command).action(events);
}

async function events(subject: string | undefined, options: Options): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  try {
    const printer = new Printer(options.json === true);
    const asked = `show events ${subject === undefined ? '' : `${asWord(subject)} `}json`;
    const since = options.since === undefined ? '' : ` since ${asWord(options.since)}`;
    printer.print(linesOf(await askSocket(await socketOf(options), `${asked}${since}`, ANSWER_TIMEOUT_MS)));
    if (options.follow) await follow(asked, options, printer);
  } catch (error) {
    console.error(`fairlead events: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}

function linesOf(answer: string): string[] {
  const lines = answer.split('\n').filter((line) => line !== '');
  const other = lines.find((line) => !line.startsWith('{'));
  if (other !== undefined) throw new Error(lines.join('\n'));
  return lines;
}

/** @throws Error once nobody answers any more */
async function follow(asked: string, options: Options, printer: Printer): Promise<never> {
  let lostAtMs: number | undefined;
  let refusal: string | undefined;
  let why = 'the connection was closed';
  for (;;) {
    try {
      const socket = await socketOf(options);
      const end = await followSocket(socket, `${asked} after ${printer.lastSeq} -w`, (line) => {
        lostAtMs = undefined;
        if (line.startsWith('{')) printer.print([line]);
        else refusal = line;
      });
      if (end.how === 'failed') why = end.why;
    } catch (error) {
      why = (error as Error).message;
    }
    lostAtMs ??= performance.now();
    if (refusal !== undefined) throw new Error(refusal);
    if (performance.now() - lostAtMs > RECONNECT_MS) throw new Error(why);
    await sleep(RETRY_MS);
  }
}

class Printer {
  /** Number of the last event printed. */
  lastSeq = 0;
  private readonly paint = painter();
  private width = 0;

  constructor(private readonly isJson: boolean) {}

  print(lines: readonly string[]): void {
    const parsed = lines.map((line) => JSON.parse(line) as StoredEvent | { missed: number });
    const found = parsed.filter((one): one is StoredEvent => 'seq' in one);
    this.width = Math.max(this.width, ...found.map((event) => subjectOf(event).length));
    const text = parsed.map((one, i) => (this.isJson ? lines[i] : this.text(one)));
    if (text.length > 0) process.stdout.write(`${text.join('\n')}\n`);
    this.lastSeq = found.at(-1)?.seq ?? this.lastSeq;
  }

  private text(one: StoredEvent | { missed: number }): string {
    if ('seq' in one) return eventText(one, this.width, localTime, this.paint);
    return this.paint('quiet', `(${one.missed} events came faster than they could be kept)`);
  }
}
