/** Waiting with a bound: nothing in the lab waits for ever. */
import { setTimeout as sleep } from 'node:timers/promises';

export { sleep };

/**
 * Asks every `everyMs` until the answer is not undefined.
 * @throws Error `what` when `timeoutMs` have passed
 */
export async function until<T>(
  what: string,
  timeoutMs: number,
  ask: () => Promise<T | undefined>,
  everyMs = 100,
): Promise<T> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`waited ${timeoutMs / 1000} s in vain: ${what}`);
    await sleep(everyMs);
  }
}

/**
 * Waits for a promise no longer than `timeoutMs`; what it waits for may go on, and its outcome is then nobody's.
 * @throws Error with code `TIMEOUT`
 */
export async function within<T>(timeoutMs: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = Object.assign(new Error(`no answer in ${timeoutMs} ms`), { code: 'TIMEOUT' });
    timer = setTimeout(() => reject(error), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
    promise.catch(() => undefined); // it lost the race: nobody asks any more
  }
}
