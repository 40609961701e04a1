/** How a checked server begins (`init-state` of the 3.x manuals; 2.6 knows `up` alone). */
import { CheckStatus } from '../check-status.js';
import * as T from '../table.js';
import type { ServerHealth } from './entities.js';

/** Counter with which it starts. */
export function initialHealth(s: ServerHealth): number {
  switch (s.settings.initState) {
    case 'fully-up':
      return s.maxHealth;
    case 'down':
      return s.settings.rise - 1;
    case 'fully-down':
      return 0;
    default:
      return s.settings.rise;
  }
}

export function initialState(s: ServerHealth): number {
  const { isChecked, initState } = s.settings;
  const isDown = isChecked && (initState === 'down' || initState === 'fully-down');
  return isDown ? T.STATE_STOPPED : T.STATE_RUNNING;
}

/** A role check that starts down and stays down makes no transition: its first failure is told, or nobody hears why. */
export function startsWithFailure(
  { status, settings }: ServerHealth,
  result: 'failed' | 'passed' | 'conditional',
): boolean {
  return (
    result === 'failed' && status === CheckStatus.INI && settings.asks !== undefined && settings.initState === 'down'
  );
}
