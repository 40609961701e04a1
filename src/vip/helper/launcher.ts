/** From a program of the configuration to one that runs: whose account, may it, whose turn; says once what is wrong. */
import type { Program, VipSettings } from '../../config/model.js';
import { type Account, accountFor, findProgram, writableBy } from './account.js';
import type { GroupMemory } from './group-table.js';
import type { LogLevel } from './messages.js';
import { type Outcome, ProgramGroups, type Running } from './program-group.js';
import { Starts } from './starts.js';

export interface LaunchOptions {
  /** Behind the program's own arguments. */
  readonly args?: readonly string[];
  readonly timeoutMs?: number;
  readonly input?: string;
  readonly endsWithLeader: boolean;
  /** Goes before those that are not. */
  readonly isUrgent?: boolean;
  readonly done: (outcome: Outcome) => void;
  readonly gone?: () => void;
}

export type Log = (level: LogLevel, text: string) => void;

/** Different complaints remembered; more than any configuration has programs. */
const SAID_MAX = 10_000;

export class Launcher {
  readonly groups: ProgramGroups;
  private readonly starts = new Starts();
  private readonly said = new Set<string>();
  private readonly accounts = new Map<string, Account | null>();
  private settings: VipSettings = { notifyFifos: [] };

  constructor(
    readonly log: Log,
    memory: GroupMemory,
  ) {
    this.groups = new ProgramGroups(memory);
  }

  configure(settings: VipSettings): void {
    this.settings = settings;
    this.accounts.clear();
  }

  /**
   * Its time runs from now on: a program on a file server that hangs is late too.
   * @param what names it in complaints: `script check_db`
   */
  run(what: string, program: Program, options: LaunchOptions): Running {
    const launch = new Launching(options);
    this.prepare(program).then(
      (ready) => {
        if (!('error' in ready)) this.starts.add(() => this.start(program, ready, launch), options.isUrgent === true);
        else this.refuse(what, ready.error, launch);
      },
      (error) => this.refuse(what, String(error), launch),
    );
    return launch;
  }

  /** Tells an operator once. */
  complain(text: string): void {
    if (this.said.has(text) || this.said.size >= SAID_MAX) return;
    this.said.add(text);
    this.log('warning', text);
  }

  private refuse(what: string, reason: string, launch: Launching): void {
    this.complain(`${what} is not run: ${reason}`);
    launch.over({ kind: 'not-run', reason });
  }

  private start(program: Program, { path, account }: Ready, launch: Launching): void {
    if (launch.isCancelled) {
      launch.over({ kind: 'signal', signal: 'SIGTERM' });
      return;
    }
    const { args = [], input, timeoutMs, endsWithLeader } = launch.options;
    const command = [path, ...program.command.slice(1), ...args];
    launch.started(this.groups.run({ command, account, timeoutMs, endsWithLeader, input }, launch.watcher));
  }

  private async prepare(program: Program): Promise<Ready | { error: string }> {
    const [name] = program.command;
    if (name === undefined || name === '') return { error: 'it names no program' };
    const account = this.accountOf(program);
    if (account !== null && 'error' in account) return account;
    const path = await findProgram(name);
    if (path === null) return { error: `${name}: there is no such program` };
    if (this.settings.scriptSecurity === true && isRoot(account)) {
      const who = await writableBy(path);
      if (who !== '')
        return { error: `as root only what root alone may change is run (enable_script_security): ${who}` };
    }
    return { path, account };
  }

  /** Reads /etc/passwd once per plan and user; who is not in it may come. */
  private accountOf(program: Program): ReturnType<typeof accountFor> {
    const key = JSON.stringify([program.user, program.group]);
    const known = this.accounts.get(key);
    if (known !== undefined) return known;
    const account = accountFor(program, this.settings);
    if (account === null || !('error' in account)) this.accounts.set(key, account);
    return account;
  }
}

interface Ready {
  readonly path: string;
  readonly account: Account | null;
}

function isRoot(account: Account | null): boolean {
  return (account?.uid ?? process.getuid?.()) === 0;
}

/** One run, from the wish to the end. */
class Launching implements Running {
  isCancelled = false;
  readonly watcher = { done: (outcome: Outcome) => this.done(outcome), gone: () => this.options.gone?.() };
  private running: Running | undefined;
  private isDone = false;
  private readonly timer: NodeJS.Timeout | undefined;

  constructor(readonly options: LaunchOptions) {
    const { timeoutMs } = options;
    if (timeoutMs !== undefined) this.timer = setTimeout(() => this.late(timeoutMs), timeoutMs);
  }

  started(running: Running): void {
    clearTimeout(this.timer); // the group has one of its own
    this.running = running;
  }

  end(): void {
    this.isCancelled = true;
    this.running?.end();
  }

  over(outcome: Outcome): void {
    this.done(outcome);
    this.options.gone?.();
  }

  private late(timeoutMs: number): void {
    this.isCancelled = true;
    this.done({ kind: 'timeout', timeoutMs });
  }

  private done(outcome: Outcome): void {
    if (this.isDone) return;
    this.isDone = true;
    clearTimeout(this.timer);
    this.options.done(outcome);
  }
}
