/** What a check's status says of the server. */
import { CheckStatus } from '../check-status.js';

export type CheckResult = 'failed' | 'passed' | 'conditional';

/** Result cells of `show servers state`. */
export const RESULT_CELL = { failed: 2, passed: 3, conditional: 4 } as const;
const PASSED: readonly number[] = [CheckStatus.L4OK, CheckStatus.L6OK, CheckStatus.L7OK, CheckStatus.PROCOK];

export function resultOf(status: number): CheckResult {
  if (status === CheckStatus.L7OKC) return 'conditional';
  return PASSED.includes(status) ? 'passed' : 'failed';
}
