/** `fairlead recheck BACKEND[/SERVER] [-s SOCKET]`: checks now, not at the next tick. */
import type { Command } from 'commander';
import { askSocket } from '../control/stats-client.js';
import { addSocketOption, asWord, type SocketOptions, socketOf } from './socket-option.js';

const ANSWER_TIMEOUT_MS = 10_000;

export function register(program: Command): void {
  const command = program
    .command('recheck')
    .description('check a server, or all servers of a backend, at once; prints which')
    .argument('<backend[/server]>', 'as `fairlead status` shows them');
  addSocketOption(command).action(recheck);
}

async function recheck(name: string, options: SocketOptions): Promise<void> {
  try {
    const answer = await askSocket(await socketOf(options), `recheck ${asWord(name)}`, ANSWER_TIMEOUT_MS);
    // What is rechecked is named line by line; anything else says why nothing is.
    if (!/^([^\s/]+\/\S+\n)+\n?$/.test(answer)) throw new Error(answer.trim() || 'no answer');
    process.stdout.write(answer);
  } catch (error) {
    console.error(`fairlead recheck: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
