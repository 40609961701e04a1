/** The threads behind the main one: starting them, talking to them, noticing when one dies. */
import { Worker } from 'node:worker_threads';
import type { FromHealth, FromWorker, ThreadData, ToHealth, ToWorker } from '../core/messages.js';
import { createWakeFd, wake } from '../linux/eventfd.js';

const WORKER_FILE = new URL('../dataplane/worker.js', import.meta.url);
const HEALTH_FILE = new URL('../checks/health-thread.js', import.meta.url);

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
}

export interface ThreadListeners {
  fromWorker(message: FromWorker): void;
  fromHealth(message: FromHealth): void;
  /** A thread ended; `name` as in `worker 2`. */
  ended(name: string, error: Error | null): void;
}

/** All threads of the process. */
export class ThreadPool {
  readonly workers: Thread<ToWorker, FromWorker>[] = [];
  readonly health: Thread<ToHealth, FromHealth>;
  /** Workers that have not ended. */
  running: number;
  private readonly waiting = new Set<{ test: (m: FromWorker | FromHealth) => boolean; done: () => void }>();

  constructor(count: number, listeners: ThreadListeners) {
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
  wait(count: number, timeoutMs: number, test: (m: FromWorker | FromHealth) => boolean): Promise<boolean> {
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

  private settle(message: FromWorker | FromHealth): void {
    for (const entry of [...this.waiting]) if (entry.test(message)) entry.done();
  }
}
