/** `-s`, `-S`, `--socket`: which running daemon is meant, alike in every subcommand that asks one. */
import { type Command, Option } from 'commander';
import { chooseSocket } from '../control/stats-client.js';

export interface SocketOptions {
  socket?: string;
  /** `-S`, as HAProxy users write it. */
  S?: string;
}

export function addSocketOption(command: Command): Command {
  return command
    .option('-s, --socket <socket>', 'control socket: a path or HOST:PORT (default: the running daemon)')
    .addOption(new Option('-S <socket>').hideHelp());
}

/** @throws Error in words for the operator */
export function socketOf(options: SocketOptions): Promise<string> {
  return chooseSocket(options.socket ?? options.S);
}

/** A name as one word of a command: the socket takes `;`, spaces and backslashes for its own. */
export function asWord(name: string): string {
  return name.replace(/[\r\n\t]/g, ' ').replace(/[\\; ]/g, '\\$&');
}
