/** What a server remembers between transitions, so that the next one can be told: results in a row, and what spoke first. */
import { checkStatus, hasCode } from '../check-status.js';
import type { CheckSeen, Condition, Run, Trigger } from '../events/event.js';
import * as T from '../table.js';
import type { ServerHealth } from './entities.js';
import type { CheckReport } from './texts.js';

/** A trigger explains a run of results that began at most this long after it. */
const TRIGGER_REACH_MS = 2000;

/** Plain fields, written at each check: a check costs no allocation here. Times are epoch milliseconds. */
export class Past {
  /** As the last event left it. */
  condition: Condition = 'up';
  /** When the last check ended; 0 before the first. */
  checkedAtMs = 0;
  private status = 0;
  private code = 0;
  private durationMs = -1;
  private text = '';
  private role: string | null = null;
  private passed = false;
  private count = 0;
  private sinceMs = 0;
  private lastOtherMs = 0;
  private otherRole: string | null = null;
  private trigger: Trigger | null = null;

  /** A check ended. @param epochMs now */
  checked(report: CheckReport, passed: boolean, epochMs: number): void {
    if (this.passed !== passed || this.count === 0) {
      this.lastOtherMs = this.checkedAtMs;
      this.otherRole = this.role;
      this.sinceMs = epochMs - Math.max(0, report.durationMs);
      this.count = 0;
      this.passed = passed;
    }
    this.count++;
    this.status = report.status;
    this.code = report.code;
    this.durationMs = report.durationMs;
    this.text = report.text;
    this.role = report.role ?? null;
    this.checkedAtMs = epochMs;
  }

  /** A check that said nothing new ended then, and was not told. */
  wasChecked(epochMs: number): void {
    this.checkedAtMs = Math.max(this.checkedAtMs, epochMs);
  }

  /** Something spoke for a check before its time. */
  hint(kind: Trigger['kind'], text: string, epochMs: number): void {
    this.trigger = { kind, text, atMs: epochMs };
  }

  /** The last check; null before the first. */
  get check(): CheckSeen | null {
    if (this.count === 0) return null;
    const { status, code, durationMs, text, role } = this;
    return {
      status: checkStatus(status).name,
      description: checkStatus(status).description,
      code: hasCode(status) && code > 0 ? code : null,
      durationMs: durationMs < 0 ? null : durationMs,
      text,
      role,
    };
  }

  get run(): Run | null {
    const { count, passed, sinceMs, lastOtherMs, otherRole } = this;
    if (count === 0) return null;
    return { count, passed, sinceMs, lastOtherMs: lastOtherMs === 0 ? null : lastOtherMs, otherRole };
  }

  /** What led to the run of results that a transition follows from. */
  get triggered(): Trigger | null {
    const { trigger, sinceMs } = this;
    return trigger !== null && trigger.atMs >= sinceMs - TRIGGER_REACH_MS ? trigger : null;
  }
}

/** The condition that a server's state and flags amount to. */
export function conditionOf(s: ServerHealth): Condition {
  if (s.admin & T.ADMIN_RMAINT) return 'unresolved';
  if (s.isInMaintenance) return 'maint';
  if (s.state === T.STATE_STOPPED) return 'down';
  if (s.isDraining) return 'drain';
  if (s.state === T.STATE_STOPPING) return 'stopping';
  return s.state === T.STATE_STARTING ? 'starting' : 'up';
}
