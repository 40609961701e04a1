/** What a line on a stats socket does: finds the command, checks the level, runs it. */
import {
  allows,
  type ClientState,
  type CommandContext,
  ERR,
  type Figures,
  type Message,
  type OpenSocket,
  type Reply,
} from './command.js';
import type { CommandTable } from './command-table.js';
import { STATS_SOCKET_COMMANDS } from './commands/all.js';
import type { Engine } from './engine.js';

/** What is to happen on the connection after one command. */
export type Effect =
  | { readonly do: 'answer'; readonly reply: Reply }
  /** Switches interactive mode; the master CLI does so without a word. */
  | { readonly do: 'prompt'; readonly silent: boolean }
  /** Nothing to write, not even an empty line. */
  | { readonly do: 'nothing' }
  /** Hands the listening sockets over and ends. */
  | { readonly do: 'getsocks' }
  | { readonly do: 'quit' };

export interface Interpreter {
  readonly client: ClientState;
  execute(words: readonly string[], payload: string | undefined): Promise<Effect>;
  promptText(): string;
}

/** What all connections of a process share. */
export interface Shared {
  readonly engine: Engine;
  readonly sockets: readonly OpenSocket[];
  readonly figures: Figures;
  readonly now: () => number;
}

const DENIED: Message = { text: 'Permission denied\n', severity: ERR };

export function answer(reply: Reply): Effect {
  return { do: 'answer', reply };
}

/** Runs a command of a table, or says that there is none. */
export async function executeIn(
  table: CommandTable,
  shared: Shared,
  client: ClientState,
  words: readonly string[],
  payload: string | undefined,
): Promise<Effect> {
  if (words[0] === 'help') return answer(table.help(client.level, words.slice(1)));
  const found = table.find(words);
  if (!found) return answer(table.unknown(client.level, words));
  if (!allows(client.level, found.command.level)) return answer(DENIED);
  const { engine, sockets, figures } = shared;
  const who = client.origin === undefined ? words.join(' ') : `${words.join(' ')}, over ${client.origin}`;
  const context: CommandContext = { engine, sockets, figures, client, who, nowMs: shared.now(), payload };
  return answer(await found.command.run(context, found.args));
}

/** A stats socket: one process, its commands. */
export class WorkerInterpreter implements Interpreter {
  constructor(
    private readonly shared: Shared,
    readonly client: ClientState,
  ) {}

  async execute(words: readonly string[], payload: string | undefined): Promise<Effect> {
    if (words[0] === 'quit') return { do: 'quit' };
    if (words[0] === 'prompt') return { do: 'prompt', silent: false };
    if (words[0] === '_getsocks') return { do: 'getsocks' };
    return executeIn(STATS_SOCKET_COMMANDS, this.shared, this.client, words, payload);
  }

  promptText(): string {
    return '> ';
  }
}
