/** What workers ask of the main thread in passing: to tell the other workers of a change, and to check passwords. */
import type { FromWorker, ToWorker } from '../core/messages.js';
import { matchesHashLater } from '../linux/crypt.js';
import type { ThreadPool } from './threads.js';

/** Messages that are no errand are left alone. */
export function runErrand(threads: ThreadPool, message: FromWorker): void {
  if (message.type === 'pattern-change') {
    tellOthers(threads, message.index, { type: 'pattern-change', change: message.change });
    return;
  }
  if (message.type !== 'check-password') return;
  const { index, key, password, hash } = message;
  matchesHashLater(password, hash, (isRight) => {
    threads.workers[index].post({ type: 'password-checked', key, isRight });
  });
}

function tellOthers(threads: ThreadPool, index: number, message: ToWorker): void {
  threads.workers.forEach((worker, i) => {
    if (i !== index) worker.post(message);
  });
}
