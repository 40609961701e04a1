/**
 * A program as a check: exit status 0 is fit, as HAProxy's external-check has it. A first word of `primary` or
 * `replica` on its standard output also tells the role.
 */
import type { RoleCheck } from '../../config/model.js';
import { CheckStatus } from '../check-status.js';
import type { Role } from './report.js';
import { type Finding, failure, judge } from './verdict.js';

/** How a program ended. */
export interface ExecEnd {
  /** Exit status; null when a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
  /** The first of what it wrote. */
  readonly output: string;
  /** It did not end by itself within its time. */
  readonly isTimeout: boolean;
}

export function evaluateExec(end: ExecEnd, check: RoleCheck): Finding {
  const line = end.output.trim().split('\n')[0];
  if (end.isTimeout)
    return failure(CheckStatus.PROCTOUT, `the program did not end in time${line === '' ? '' : `: ${line}`}`);
  if (end.code === null) return failure(CheckStatus.PROCERR, `the program was ended by ${end.signal ?? 'a signal'}`);
  const role = roleOf(line);
  const standing = { claim: null, lagMs: null, lagBytes: null };
  if (end.code === 0)
    return judge(asked(check, role), { ...standing, role, text: line === '' ? 'exit status 0' : line });
  const text = `exit status ${end.code}${line === '' ? '' : `: ${line}`}`;
  return judge(check, { ...standing, role: 'unfit', text });
}

function roleOf(line: string): Role {
  const word = /^\w+/.exec(line)?.[0].toLowerCase();
  return word === 'primary' || word === 'replica' ? word : 'unknown';
}

/** How far behind a replica may be, the program itself decides; and all of it, where it names no role. */
function asked(check: RoleCheck, role: Role): RoleCheck {
  return { ...check, want: role === 'unknown' ? 'any' : check.want, maxLagMs: undefined, maxLagBytes: undefined };
}
