/** `fairlead vip status [NAME] [--watch] [--json] [--verbose] [-s SOCKET]`. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { localTime } from '../../control/local-time.js';
import { vipPicture } from '../../control/vips/picture.js';
import { hasTwoOwners } from '../../core/events/vip-words.js';
import type { VipStatus } from '../../core/vrrp/messages.js';
import { painter } from '../paint-story.js';
import { addSocketOption, type SocketOptions, socketOf } from '../socket-option.js';
import { requireVips } from './ask-vips.js';

interface Options extends SocketOptions {
  watch?: boolean;
  json?: boolean;
  verbose?: boolean;
}

const WATCH_INTERVAL_MS = 1000;
const HOME_AND_CLEAR = '\x1b[H\x1b[J';

const EXAMPLES = `
Examples:
  $ fairlead vip status
  $ fairlead vip status VI_1 --watch
  $ fairlead vip status --json | jq -r '.instances[] | [.name, .state, .owner] | @tsv'
  $ fairlead vip status >/dev/null || page-somebody

The exit code is 0 when every virtual router shown is well, 1 when that cannot be said (no daemon, no virtual routers,
none of that name), and 2 when one is in FAULT or has two owners at this moment.`;

export function registerStatus(vip: Command): void {
  const command = vip
    .command('status')
    .description('show who has the virtual addresses, since when and why, and what is wrong')
    .argument('[name]', 'only this instance, or those of this sync group')
    .option('-w, --watch', 'redraw each second')
    .option('--json', 'print what is known as one JSON document (with --watch one per line)')
    .option('--verbose', 'also counters that are zero, and every transition that is known');
  addSocketOption(command).addHelpText('after', EXAMPLES).action(status);
}

async function status(name: string | undefined, options: Options): Promise<void> {
  try {
    const socket = await socketOf(options);
    if (options.watch) await watch(socket, name, options);
    const found = await requireVips(socket, name);
    process.stdout.write(shown(found, options));
    process.exitCode = verdict(found);
  } catch (error) {
    console.error(`fairlead vip status: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}

function shown(found: VipStatus, { json, verbose, watch }: Options): string {
  if (json) return `${JSON.stringify(found, null, watch ? 0 : 2)}\n`;
  return vipPicture(found, { clock: localTime, paint: painter(), isVerbose: verbose === true });
}

/** The exit code of whoever looked once. */
function verdict({ instances, atMs }: VipStatus): number {
  return instances.some((one) => one.state === 'FAULT' || hasTwoOwners(one, atMs)) ? 2 : 0;
}

/** Until it is interrupted, or the daemon is gone (which ends in an error that says so). */
async function watch(socket: string, name: string | undefined, options: Options): Promise<never> {
  const isScreen = process.stdout.isTTY === true && !options.json;
  for (;;) {
    const text = shown(await requireVips(socket, name), options);
    process.stdout.write(isScreen ? `${HOME_AND_CLEAR}${text}` : text);
    await sleep(WATCH_INTERVAL_MS);
  }
}
