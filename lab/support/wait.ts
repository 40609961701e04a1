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
