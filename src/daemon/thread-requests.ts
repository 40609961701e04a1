/** Questions to the threads and orders that are answered: each has a number, and a limit of time. */
import type { ServerNow } from '../core/events/event.js';
import type { AdminCommand, Plan, ProtocolError, SessionInfo } from '../core/messages.js';
import type { RolePlan } from '../core/role/messages.js';
import type { ThreadMessage, ThreadPool } from './threads.js';

/** Threads answer within a turn of their loop; one that does not in this time hangs, and that is a bug. */
const THREAD_MS = 10_000;
/** Whoever asks for sessions rather has an incomplete list than none. */
const SESSION_LIST_MS = 1000;

export class ThreadRequests {
  private last = 0;

  constructor(private readonly threads: ThreadPool) {}

  /** Resolves when the plan is in force there. @throws Error when a thread hangs */
  async apply(to: 'health' | 'workers', plan: Plan): Promise<void> {
    const count = to === 'health' ? 1 : this.threads.workers.length;
    const isAnswer = (m: ThreadMessage) =>
      m.type === 'applied' && m.revision === plan.revision && 'index' in m === (to === 'workers');
    const applied = this.threads.wait(count, THREAD_MS, isAnswer);
    if (to === 'health') this.threads.health.post({ type: 'apply', plan });
    else this.threads.toWorkers({ type: 'apply', plan });
    if (!(await applied)) throw new Error(`${to} did not take over revision ${plan.revision} in ${THREAD_MS} ms`);
  }

  /**
   * The role thread starts with the first plan that has a server for it. One that ends over it is started again later.
   * @throws Error when the thread hangs
   */
  async applyRoles(plan: RolePlan): Promise<void> {
    if (this.threads.roles === null && plan.servers.length === 0) return;
    const applied = this.threads.wait(1, THREAD_MS, (m) => {
      return m.type === 'roles-ended' || (m.type === 'roles-applied' && m.revision === plan.revision);
    });
    this.threads.startedRoles().post({ type: 'apply', plan });
    if (!(await applied)) throw new Error(`the role thread did not take over revision ${plan.revision}`);
  }

  /** An operator settles whose claim holds. @returns an error text, or null when done */
  async settle(proxy: string, server: string | null): Promise<string | null> {
    if (this.threads.roles === null) return 'No check asks for a role.';
    const request = ++this.last;
    let error: string | null = 'the role thread did not answer';
    const answered = this.threads.wait(1, THREAD_MS, (m) => {
      const isOurs = m.type === 'settled' && m.request === request;
      if (isOurs) error = m.error;
      return isOurs || m.type === 'roles-ended';
    });
    this.threads.roles.post({ type: 'settle', request, proxy, server });
    await answered;
    return error;
  }

  /** Lets the workers serve what waits in the accept queues; afterwards nobody accepts there. */
  async drain(fds: number[]): Promise<void> {
    if (fds.length === 0) return;
    const request = ++this.last;
    const closed = this.threads.wait(this.threads.running, THREAD_MS, (m) => {
      return m.type === 'listeners-closed' && m.request === request;
    });
    this.threads.toWorkers({ type: 'close-listeners', fds, request });
    await closed;
  }

  /** Sessions of all workers that answer in time. */
  async sessions(): Promise<SessionInfo[]> {
    const request = ++this.last;
    const sessions: SessionInfo[] = [];
    const all = this.threads.wait(this.threads.running, SESSION_LIST_MS, (m) => {
      const isOurs = m.type === 'sessions' && m.request === request;
      if (isOurs) sessions.push(...m.sessions);
      return isOurs;
    });
    this.threads.toWorkers({ type: 'list-sessions', request });
    await all;
    return sessions;
  }

  /** What clients and servers sent that was no HTTP, last of all by proxy and worker, and how often. */
  async protocolErrors(): Promise<{ total: number; errors: ProtocolError[] }> {
    const request = ++this.last;
    const found = { total: 0, errors: [] as ProtocolError[] };
    const all = this.threads.wait(this.threads.running, SESSION_LIST_MS, (m) => {
      const isOurs = m.type === 'protocol-errors' && m.request === request;
      if (isOurs) found.errors.push(...m.errors);
      if (isOurs) found.total += m.total;
      return isOurs;
    });
    this.threads.toWorkers({ type: 'list-errors', request });
    await all;
    return found;
  }

  /** @returns an error text, or null when done */
  async admin(proxy: string, server: string, command: AdminCommand): Promise<string | null> {
    const request = ++this.last;
    let error: string | null = 'the health thread did not answer';
    const answered = this.threads.wait(1, THREAD_MS, (m) => {
      const isOurs = m.type === 'admin-result' && m.request === request;
      if (isOurs) error = m.error;
      return isOurs;
    });
    this.threads.health.post({ type: 'admin', request, proxy, server, command });
    await answered;
    return error;
  }

  /** What the health thread knows of a server now; null where it runs no such server, or hangs. */
  async serverNow(proxy: string, server: string): Promise<ServerNow | null> {
    const request = ++this.last;
    let now: ServerNow | null = null;
    const answered = this.threads.wait(1, THREAD_MS, (m) => {
      const isOurs = m.type === 'server-now' && m.request === request;
      if (isOurs) now = m.now;
      return isOurs;
    });
    this.threads.health.post({ type: 'ask-server', request, proxy, server });
    await answered;
    return now;
  }

  /** Ends the workers: when their last session ends, or at once. @returns false when one did not within the time */
  async stop(soft: boolean, limitMs: number): Promise<boolean> {
    const stopped = this.threads.wait(this.threads.running, limitMs, (m) => m.type === 'stopped');
    this.threads.toWorkers({ type: 'stop', soft, spreadMs: 0 });
    return stopped;
  }
}
