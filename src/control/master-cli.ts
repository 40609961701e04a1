/**
 * The master CLI (`-S`, management guide §9.4). HAProxy has a master process and workers; here one process is both, so
 * `@1` and `@!PID` reach the commands of the stats socket and `@master` those that manage the process.
 */
import { type ClientState, type Command, type CommandContext, DONE, type Reply, refuseBare } from './command.js';
import { CommandTable } from './command-table.js';
import { STATS_SOCKET_COMMANDS } from './commands/all.js';
import { LEVEL_COMMANDS } from './commands/session-settings.js';
import { INFO_COMMANDS } from './commands/show-info.js';
import { RELOAD_COMMAND } from './commands/show-misc.js';
import { answer, type Effect, executeIn, type Interpreter, type Shared } from './interpreter.js';
import { REPORTED_VERSION } from './version.js';

/** `0d00h07m01s` */
function uptime(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number) => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  return `${Math.floor(hours / 24)}d${two(hours % 24)}h${two(Math.floor(seconds / 60) % 60)}m${two(seconds % 60)}s`;
}

function columns(...texts: string[]): string {
  return `${texts.map((text) => text.padEnd(15)).join(' ')}\n`;
}

function showProc({ engine, nowMs }: CommandContext): Reply {
  const { count, lastOk } = engine.reloads;
  const age = uptime(nowMs - engine.startedAtMs);
  return [
    columns('#<PID>', '<type>', '<reloads>', '<uptime>', '<version>'),
    columns(String(engine.pid), 'master', `${count} [failed: ${lastOk ? 0 : 1}]`, age, REPORTED_VERSION),
    '# workers\n',
    columns(String(engine.pid), 'worker', '0', age, REPORTED_VERSION),
    '# programs\n',
  ];
}

function pseudo(word: string, usage: string, help: string): Command {
  // Never found as a command: the prefix is taken off before (see `execute`). Listed by `help` alone.
  return { words: [word], usage, help, level: 'user', run: () => '' };
}

const MASTER_COMMANDS = new CommandTable([
  pseudo('@!<pid>', '@!<pid>', 'send a command to the process with this pid'),
  pseudo('@<relative pid>', '@<relative pid>', 'send a command to the process with this number'),
  pseudo('@master', '@master', 'send a command to the master'),
  { ...RELOAD_COMMAND, level: 'operator' },
  {
    words: ['show', 'proc'],
    usage: 'show proc',
    help: 'the processes and their age',
    level: 'user',
    run: showProc,
  },
  ...INFO_COMMANDS.filter((command) => command.words[1] === 'version'),
  ...LEVEL_COMMANDS,
]);

type Target = 'master' | 'worker';

export class MasterInterpreter implements Interpreter {
  private target: Target = 'master';

  constructor(
    private readonly shared: Shared,
    readonly client: ClientState,
  ) {}

  async execute(words: readonly string[], payload: string | undefined): Promise<Effect> {
    const [first = '', ...rest] = words;
    if (!first.startsWith('@')) return this.executeAt(this.target, words, payload);
    const target = this.targetOf(first.slice(1));
    if (!target) return answer(refuseBare(`Can't find the target PID matching the prefix '${first}'`));
    if (rest.length > 0) return this.executeAt(target, rest, payload);
    this.target = target;
    return { do: 'nothing' };
  }

  private targetOf(text: string): Target | undefined {
    if (text === '' || text === 'master' || text === '0') return 'master';
    return text === '1' || text === `!${this.shared.engine.pid}` ? 'worker' : undefined;
  }

  private async executeAt(target: Target, words: readonly string[], payload: string | undefined): Promise<Effect> {
    if (words[0] === 'quit') return { do: 'quit' };
    if (words[0] === 'prompt') return { do: 'prompt', silent: true };
    const effect = await this.executeCommand(target, words, payload);
    // Levels hold for every process, and the master answers to them with its prompt alone.
    const isLevel = words[0] === 'operator' || words[0] === 'user';
    return isLevel && effect.do === 'answer' && effect.reply === DONE ? { do: 'nothing' } : effect;
  }

  private executeCommand(target: Target, words: readonly string[], payload: string | undefined): Promise<Effect> {
    const table = target === 'master' ? MASTER_COMMANDS : STATS_SOCKET_COMMANDS;
    return executeIn(table, this.shared, this.client, words, payload);
  }

  promptText(): string {
    const { engine } = this.shared;
    if (this.target === 'worker') return `${engine.pid}> `;
    return engine.reloads.lastOk ? 'master> ' : 'master[ReloadFailed]> ';
  }
}
