/** The threads behind the main one: starting them, talking to them, noticing when one dies. */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { FromHealth, FromWorker, ThreadData, ToHealth, ToWorker } from '../core/messages.js';
import type { FromRoles, ToRoles } from '../core/role/messages.js';
import { createWakeFd, wake } from '../linux/eventfd.js';

const WORKER_FILE = new URL('../dataplane/worker.js', import.meta.url);
const HEALTH_FILE = new URL('../checks/health-thread.js', import.meta.url);
const ROLES_FILE = new URL('../checks/role-thread.js', import.meta.url);

/** One thread: messages reach it only together with a wake-up, because it sleeps in epoll_wait(2). */
export class Thread<To, From> {
  readonly wakeFd = createWakeFd();
  private readonly worker: Worker;

  /** @param onEnd called once when the thread is gone; `error` when it failed by itself */
  constructor(
    file: URL,
    role: ThreadData['role'],
    index: number,
    onMessage: (message: From) => void,
    onEnd: (error: Error | null) => void,
  ) {
    const data: ThreadData = { role, index, wakeFd: this.wakeFd };
    this.worker = new Worker(file, { workerData: data, name: `${role}-${index}` });
    this.worker.on('message', onMessage);
    let failure: Error | null = null;
    this.worker.on('error', (error) => {
      failure = error instanceof Error ? error : new Error(String(error));
    });
    this.worker.on('exit', () => onEnd(failure));
  }

  post(message: To): void {
    this.worker.postMessage(message);
    wake(this.wakeFd);
  }

  /** A message that takes a port along. */
  hand(message: unknown, port: MessagePort): void {
    this.worker.postMessage(message, [port]);
    wake(this.wakeFd);
  }
}

/**
 * The thread of held check sessions. It runs on Node's own event loop, so messages alone reach it; results go from it to
 * the health thread over a channel of their own.
 */
class RoleThread {
  private readonly worker: Worker;

  constructor(
    health: Thread<ToHealth, FromHealth>,
    onMessage: (message: FromRoles) => void,
    onEnd: (error: Error | null) => void,
  ) {
    const { port1, port2 } = new MessageChannel();
    this.worker = new Worker(ROLES_FILE, { workerData: { toHealth: port1 }, transferList: [port1], name: 'roles' });
    health.hand({ type: 'role-channel', port: port2 }, port2);
    this.worker.on('message', onMessage);
    let failure: Error | null = null;
    this.worker.on('error', (error) => {
      failure = error instanceof Error ? error : new Error(String(error));
    });
    this.worker.on('exit', () => onEnd(failure));
  }

  post(message: ToRoles): void {
    this.worker.postMessage(message);
  }
}

export interface ThreadListeners {
  fromWorker(message: FromWorker): void;
  fromHealth(message: FromHealth): void;
  fromRoles(message: FromRoles): void;
  /** The role thread ended; it can be started again, health goes by what was known last. */
  rolesEnded(error: Error | null): void;
  /** A thread ended; `name` as in `worker 2`. */
  ended(name: string, error: Error | null): void;
}

/** What any thread says to the main one. */
export type ThreadMessage = FromWorker | FromHealth | FromRoles | { type: 'roles-ended' };

/** All threads of the process. */
export class ThreadPool {
  readonly workers: Thread<ToWorker, FromWorker>[] = [];
  readonly health: Thread<ToHealth, FromHealth>;
  /** Null until the first server needs it. */
  roles: RoleThread | null = null;
  /** Workers that have not ended. */
  running: number;
  private readonly waiting = new Set<{ test: (m: ThreadMessage) => boolean; done: () => void }>();

  constructor(
    count: number,
    private readonly listeners: ThreadListeners,
  ) {
    const health = (m: FromHealth) => {
      this.settle(m);
      listeners.fromHealth(m);
    };
    const worker = (m: FromWorker) => {
      this.settle(m);
      listeners.fromWorker(m);
    };
    this.running = count;
    const workerEnded = (i: number) => (error: Error | null) => {
      this.running--;
      listeners.ended(`worker ${i + 1}`, error);
    };
    this.health = new Thread(HEALTH_FILE, 'health', 0, health, (e) => listeners.ended('health checks', e));
    for (let i = 0; i < count; i++) this.workers.push(new Thread(WORKER_FILE, 'dataplane', i, worker, workerEnded(i)));
  }

  /** Starts the role thread where it does not run yet. */
  startedRoles(): RoleThread {
    this.roles ??= new RoleThread(
      this.health,
      (message) => {
        this.settle(message);
        this.listeners.fromRoles(message);
      },
      (error) => {
        this.roles = null;
        this.settle({ type: 'roles-ended' }); // whoever waits for its answer waits in vain
        this.listeners.rolesEnded(error);
      },
    );
    return this.roles;
  }

  toWorkers(message: ToWorker): void {
    for (const worker of this.workers) worker.post(message);
  }

  get wakeFds(): { workers: number[]; health: number } {
    return { workers: this.workers.map((w) => w.wakeFd), health: this.health.wakeFd };
  }

  /** Makes every worker look at the shared table again. */
  wakeWorkers(): void {
    for (const worker of this.workers) wake(worker.wakeFd);
  }

  wakeHealth(): void {
    wake(this.health.wakeFd);
  }

  /** Resolves when `count` messages passed `test`. @param timeoutMs gives up then; @returns false when it gave up */
  wait(count: number, timeoutMs: number, test: (m: ThreadMessage) => boolean): Promise<boolean> {
    if (count <= 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      let left = count;
      const end = (ok: boolean) => {
        clearTimeout(timer);
        this.waiting.delete(entry);
        resolve(ok);
      };
      const entry = {
        test,
        done: () => {
          if (--left === 0) end(true);
        },
      };
      const timer = setTimeout(end, timeoutMs, false);
      this.waiting.add(entry);
    });
  }

  private settle(message: ThreadMessage): void {
    for (const entry of [...this.waiting]) if (entry.test(message)) entry.done();
  }
}
