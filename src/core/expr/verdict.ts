/** What a condition comes to; see condition.ts for how they add up. */
export type Verdict = typeof FAILS | typeof UNDECIDED | typeof HOLDS;
export const FAILS = 0;
export const UNDECIDED = 1;
export const HOLDS = 2;
