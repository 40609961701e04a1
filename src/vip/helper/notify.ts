/**
 * Notifications: programs that are told of a transition. For one instance (or group) they run one after the other, in
 * the order of the events, so that no two states are told at the same time and none is lost. keepalived starts them at
 * once and waits for nothing. A program may run for as long as it likes while nobody waits for it; after that it has
 * 60 s, counted from its start.
 */
import type { VipNotice } from '../../core/vrrp/messages.js';
import type { Launcher } from './launcher.js';
import type { NotifyProgram } from './messages.js';
import { type Outcome, outcomeText, type Running } from './program-group.js';

/** While the next one waits. */
const RUN_MS_MAX = 60_000;
/** Programs that wait, per name. A flapping router with a slow program has more; the oldest of them are told no more. */
const WAITING_MAX = 256;
/** From SIGTERM to SIGKILL, and a moment. */
const GIVE_UP_MS = 1000;

export class Notifications {
  private readonly queues = new Map<string, Queue>();
  private onIdle: () => void = () => {};

  constructor(
    private readonly launcher: Launcher,
    private readonly now: () => number,
  ) {}

  add(notice: VipNotice, programs: readonly NotifyProgram[]): void {
    if (programs.length === 0) return;
    const name = `${notice.kind} ${notice.name}`;
    const queue = this.queues.get(name) ?? new Queue(this.launcher, this.now, () => this.emptied(name));
    this.queues.set(name, queue);
    for (const program of programs) queue.add({ notice, program });
  }

  /** @returns when all have run, at the latest after that time: what has not ended by then is ended, or not started */
  async finish(limitMs: number): Promise<void> {
    if (this.queues.size > 0 && limitMs > 0) await this.idleWithin(limitMs);
    if (this.queues.size === 0) return;
    for (const queue of this.queues.values()) queue.giveUp();
    await this.idleWithin(GIVE_UP_MS);
  }

  private idleWithin(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.onIdle = resolve;
      setTimeout(resolve, limitMs).unref();
    });
  }

  private emptied(name: string): void {
    this.queues.delete(name);
    if (this.queues.size === 0) this.onIdle();
  }
}

/** Kind, name, state and priority as keepalived tells them: the priority of a group is 0. */
export function wordsOf({ kind, name, state, priority }: VipNotice): [string, string, string, string] {
  return [kind, name, state, String(kind === 'GROUP' ? 0 : priority)];
}

interface Job {
  readonly notice: VipNotice;
  readonly program: NotifyProgram;
}

class Queue {
  private readonly waiting: Job[] = [];
  private running: Running | undefined;
  private startedMs = 0;
  private deadline: NodeJS.Timeout | undefined;

  constructor(
    private readonly launcher: Launcher,
    private readonly now: () => number,
    private readonly emptied: () => void,
  ) {}

  add(job: Job): void {
    this.waiting.push(job);
    if (this.waiting.length > WAITING_MAX) this.drop(this.waiting.shift()!);
    if (this.running === undefined) this.next();
    else this.deadline ??= setTimeout(() => this.running?.end(), this.startedMs + RUN_MS_MAX - this.now());
  }

  giveUp(): void {
    for (const job of this.waiting.splice(0))
      this.launcher.log('alert', `${titleOf(job)} is not run: there is no time left`);
    this.running?.end();
  }

  private next(): void {
    const job = this.waiting.shift();
    if (job === undefined) {
      this.emptied();
      return;
    }
    const { program, notice } = job;
    const what = titleOf(job);
    this.startedMs = this.now();
    this.running = this.launcher.run(what, program, {
      args: program.withNotice === true ? wordsOf(notice) : [],
      endsWithLeader: false,
      isUrgent: true,
      done: (outcome) => this.ended(what, outcome),
      gone: () => {
        clearTimeout(this.deadline);
        this.deadline = this.running = undefined;
        this.next();
      },
    });
    if (this.waiting.length > 0) this.deadline = setTimeout(() => this.running?.end(), RUN_MS_MAX);
  }

  private ended(what: string, outcome: Outcome): void {
    const isWell = outcome.kind === 'exit' && outcome.code === 0;
    if (!isWell && outcome.kind !== 'not-run') this.launcher.log('warning', `${what}: ${outcomeText(outcome)}`);
  }

  private drop(job: Job): void {
    this.launcher.log('alert', `${titleOf(job)} is not run: more than ${WAITING_MAX} wait for the one that runs`);
  }
}

function titleOf({ notice, program }: Job): string {
  return `${notice.kind === 'GROUP' ? 'group' : 'instance'} ${notice.name}: notification ${notice.state} (${program.command[0]})`;
}
