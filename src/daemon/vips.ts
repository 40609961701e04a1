/**
 * The virtual addresses of the configuration, through reloads: the thread that speaks VRRP, and the helper process that
 * gives the addresses up should this process end or hang. Both run only while there are virtual addresses. A thread or a
 * helper that fails is started again; meanwhile the other one keeps the promise that no address has two owners.
 */
import type { ChildProcess } from 'node:child_process';
import type { FromVip, ToVip, VipEvent, VipPlan, VipStatus } from '../core/vrrp/messages.js';
import { errnoText } from '../linux/errors.js';
import { openSocketPair } from '../linux/socket-pair.js';
import { close } from '../linux/syscalls.js';
import { startHelper } from '../vip/helper/start.js';
import type { ProcessLog } from './process-log.js';
import { Thread } from './threads.js';

const THREAD_FILE = new URL('../vip/vip-thread.js', import.meta.url);
/** The thread answers within a turn of its loop. */
const ANSWER_MS = 5000;
/** Before what failed is started again. */
const RESTART_MS = 500;
/** Pages and metrics show figures of at most this age. */
const STATUS_MS = 1000;
/** A stop waits for a successor; the thread bounds that by itself, this is for one that hangs. */
const STOP_MS_MAX = 3000;

export interface VipListeners {
  event(event: VipEvent): void;
  /** Sessions on these addresses are to end. */
  lost(addresses: readonly string[]): void;
}

type Answer = Extract<FromVip, { type: 'vip-status' | 'vip-done' | 'vip-applied' | 'vip-stopped' }>;

export class Vips {
  /** As of the last second; null while there are none. */
  status: VipStatus | null = null;
  private thread: Thread<ToVip, FromVip> | null = null;
  private helper: ChildProcess | null = null;
  /** Our end of the link, while a helper runs; the thread uses it. */
  private helperFd = -1;
  private plan: VipPlan | null = null;
  private readonly waiting = new Map<string, (answer: Answer | null) => void>();
  private sequence = 0;
  private isStopping = false;
  private poll: NodeJS.Timeout | null = null;

  constructor(
    private readonly log: ProcessLog,
    private readonly listeners: VipListeners,
  ) {}

  /** Puts the configuration in force; routers that stay keep their state. */
  async apply(plan: VipPlan): Promise<void> {
    if (this.isStopping || (plan.config.instances.length === 0 && this.thread === null)) return;
    this.plan = { ...plan, inherited: [] }; // what a predecessor left is taken over once
    this.thread ??= this.start();
    if (this.helper === null) this.startHelper();
    const applied = await this.ask(`applied ${plan.revision}`, { type: 'apply', plan });
    if (applied === null) this.log.record('ALERT', null, `virtual addresses: not applied within ${ANSWER_MS} ms`);
    if (applied?.type === 'vip-applied')
      for (const text of applied.complaints) this.log.record('ALERT', null, `virtual addresses: ${text}`);
    await this.refresh();
    this.poll ??= setInterval(() => void this.refresh(), STATUS_MS).unref();
  }

  private start(): Thread<ToVip, FromVip> {
    return new Thread<ToVip, FromVip>(
      THREAD_FILE,
      'vip',
      0,
      (message) => this.onMessage(message),
      (error) => this.onEnd(error),
    );
  }

  private onMessage(message: FromVip): void {
    switch (message.type) {
      case 'vip-applied':
        this.settle(`applied ${message.revision}`, message);
        return;
      case 'vip-status':
      case 'vip-done':
        this.settle(`request ${message.request}`, message);
        return;
      case 'vip-stopped':
        this.settle('stopped', message);
        return;
      case 'vip-event':
        this.listeners.event(message);
        return;
      case 'vip-lost':
        this.listeners.lost(message.addresses);
        return;
      case 'log':
        this.log.record(TAGS[message.level], null, message.text);
        return;
    }
  }

  /** @returns null where the thread does not answer in time */
  private ask(key: string, message: ToVip, timeoutMs = ANSWER_MS): Promise<Answer | null> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.settle(key, null), timeoutMs);
      this.waiting.set(key, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      this.thread?.post(message);
    });
  }

  private settle(key: string, answer: Answer | null): void {
    this.waiting.get(key)?.(answer);
    this.waiting.delete(key);
  }

  private onEnd(error: Error | null): void {
    this.thread = null;
    for (const key of [...this.waiting.keys()]) this.settle(key, null);
    if (this.isStopping) return;
    this.log.record('ALERT', null, `virtual addresses: ${error?.stack ?? 'the thread ended by itself'}; started again`);
    this.endHelper();
    setTimeout(() => {
      if (!this.isStopping && this.plan !== null) void this.apply(this.plan);
    }, RESTART_MS).unref();
  }

  // ── The helper process ────────────────────────────────────────────────────────────────────────────────────────────

  private startHelper(): void {
    const pair = openSocketPair();
    if (typeof pair === 'number')
      return void this.log.record('ALERT', null, `virtual addresses: no watchdog: ${errnoText(pair)}`);
    const [ours, theirs] = pair;
    const child = startHelper(theirs);
    close(theirs);
    this.helper = child;
    child.once('error', (error) => this.onHelperEnd(child, error.message));
    child.once('exit', (code, signal) => this.onHelperEnd(child, `ended (${signal ?? `exit status ${code}`})`));
    child.unref();
    this.helperFd = ours;
    this.thread?.post({ type: 'helper', fd: ours, pid: child.pid ?? 0 });
  }

  private onHelperEnd(child: ChildProcess, why: string): void {
    if (this.helper !== child) return;
    this.helper = null;
    this.helperFd = -1; // the thread closes it
    if (this.isStopping) return;
    this.log.record('ALERT', null, `virtual addresses: the watchdog process ${why}; started again`);
    setTimeout(() => {
      if (!this.isStopping && this.helper === null && this.thread !== null) this.startHelper();
    }, RESTART_MS).unref();
  }

  /** The thread is gone and closes nothing any more: at the end of the link the helper removes everything, and exits. */
  private endHelper(): void {
    this.helper = null;
    if (this.helperFd >= 0) close(this.helperFd);
    this.helperFd = -1;
  }

  // ── Questions and orders ──────────────────────────────────────────────────────────────────────────────────────────

  /** @returns null where there are no virtual addresses, or their thread does not answer */
  async askStatus(): Promise<VipStatus | null> {
    if (this.thread === null) return null;
    const request = ++this.sequence;
    const answer = await this.ask(`request ${request}`, { type: 'ask-status', request });
    return answer?.type === 'vip-status' ? answer.status : null;
  }

  private async refresh(): Promise<void> {
    this.status = await this.askStatus();
  }

  /** @param router null for all. @returns an error text, or null when the addresses are being handed over */
  async failover(router: string | null, holdMs: number, who: string): Promise<string | null> {
    if (this.thread === null) return 'there are no virtual addresses.';
    const request = ++this.sequence;
    const answer = await this.ask(`request ${request}`, { type: 'failover', request, router, holdMs, who });
    return answer?.type === 'vip-done' ? answer.error : 'the thread of the virtual addresses does not answer.';
  }

  /** Routers that have their addresses, as far as the last second knows. */
  masters(): string[] {
    return (this.status?.instances ?? []).filter(({ state }) => state === 'MASTER').map(({ name }) => name);
  }

  /** The process runs as somebody else from now on. */
  privilegesDropped(): void {
    this.thread?.post({ type: 'privileges-dropped' });
  }

  /**
   * Gives the addresses up: says goodbye, and lets go when a successor is heard or `graceMs` is over.
   * @param isHandover a process of this host takes over: the addresses stay where they are
   */
  async stop(isHandover: boolean, graceMs: number): Promise<void> {
    if (this.isStopping) return;
    this.isStopping = true;
    if (this.poll !== null) clearInterval(this.poll);
    if (this.thread === null) return;
    await this.ask('stopped', { type: 'stop', isHandover, graceMs }, graceMs + STOP_MS_MAX);
  }
}

const TAGS = { notice: 'NOTICE', warning: 'WARNING', alert: 'ALERT' } as const;
