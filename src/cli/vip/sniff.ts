/** `fairlead vip sniff -i IFACE [--json] [--count N] [--duration 10s]`: adverts on an interface, without a daemon. */
import { setImmediate as turn } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { parseDuration } from '../../config/units.js';
import { errnoText } from '../../linux/errors.js';
import { SniffSocket } from '../../linux/sniff-socket.js';
import { painter } from '../paint-story.js';
import { AdvertSums, advertJson, advertLine, readAdvert } from './advert-lines.js';

interface Options {
  interface: string;
  json?: boolean;
  count?: number;
  duration?: number;
}

/** Longest time that an interruption waits for. */
const SLICE_MS = 100;
const EPERM = 1;
const ENODEV = 19;

const EXAMPLES = `
Examples:
  $ fairlead vip sniff -i eth1
  $ fairlead vip sniff -i eth1 --duration 10s
  $ fairlead vip sniff -i eth1 --json --count 5 | jq .ad.priority

Also what this host sends is seen. At the end, or when interrupted, each router is summed up (with --json not), and what
does not go together is named. It needs root or CAP_NET_RAW, and no running daemon. The exit code is 0, 1 when the
interface cannot be heard, and 3 when a duration passed without any packet.`;

export function registerSniff(vip: Command): void {
  vip
    .command('sniff')
    .description('decode VRRP adverts on an interface as they come')
    .requiredOption('-i, --interface <name>', 'the interface, such as eth1')
    .option('--json', 'print one JSON document per line')
    .option('-c, --count <n>', 'end after so many packets', positive)
    .option('-d, --duration <time>', 'end after 10s, 5m …', durationMs)
    .addHelpText('after', EXAMPLES)
    .action(sniff);
}

function positive(text: string): number {
  const n = Number(text);
  if (!Number.isSafeInteger(n) || n < 1) throw new InvalidArgumentError('a number above 0.');
  return n;
}

function durationMs(text: string): number {
  const parsed = parseDuration(text);
  if (!parsed.ok || parsed.value.trailing !== undefined) throw new InvalidArgumentError('a time such as 10s or 5m.');
  return parsed.value.ms;
}

async function sniff(options: Options): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  const ear = open(options.interface);
  if (typeof ear === 'string') {
    console.error(`fairlead vip sniff: ${ear}`);
    process.exitCode = 1;
    return;
  }
  const sums = await listen(ear, options);
  ear.close();
  if (!options.json) process.stdout.write(sums.text(painter()));
  if (sums.total === 0 && options.duration !== undefined) process.exitCode = 3;
}

/** @returns the socket, or what is wrong */
function open(name: string): SniffSocket | string {
  const ear = SniffSocket.open(name);
  if (typeof ear !== 'number') return ear;
  if (ear === -ENODEV) return `there is no interface '${name}'; 'ip link' lists them`;
  const remedy = ear === -EPERM ? '; it needs root or CAP_NET_RAW' : '';
  return `${name} cannot be heard: ${errnoText(ear)}${remedy}`;
}

async function listen(ear: SniffSocket, { json, count, duration, interface: device }: Options): Promise<AdvertSums> {
  const sums = new AdvertSums();
  const paint = painter();
  const endMs = performance.now() + (duration ?? Number.POSITIVE_INFINITY);
  let isInterrupted = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => (isInterrupted = true));
  const isDone = () => isInterrupted || sums.total >= (count ?? Number.POSITIVE_INFINITY) || performance.now() >= endMs;
  while (!isDone()) {
    ear.wait(Math.max(0, Math.min(SLICE_MS, endMs - performance.now())));
    for (let packet = ear.receive(); typeof packet !== 'number' && !isDone(); packet = ear.receive()) {
      if (packet === null) continue;
      const seen = readAdvert({ ...packet, atMs: Date.now(), interface: device });
      sums.add(seen);
      process.stdout.write(json ? advertJson(seen) : `${advertLine(seen, paint)}\n`);
    }
    await turn();
  }
  return sums;
}
