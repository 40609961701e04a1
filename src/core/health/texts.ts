/** The log lines of health, word for word those of HAProxy 2.6 (observed; test/checks compares them). */
import { CheckStatus, checkStatus, hasCode } from '../check-status.js';
import * as T from '../table.js';
import type { ServerHealth } from './entities.js';

/** What a check found, as far as log lines tell it. */
export interface CheckReport {
  /** One of CheckStatus. */
  readonly status: number;
  /** Layer 7 code. */
  readonly code: number;
  /** Whole milliseconds; -1 where nothing was measured. */
  readonly durationMs: number;
  /** `last_chk`: free text, '' if none. */
  readonly text: string;
  /** What a database said it is, where the check asks one. */
  readonly role?: string;
  /** Decided, and not to be counted: a server that has it goes down at once. */
  readonly isCertain?: boolean;
}

/** Why a server changed, as it is written between the change and the figures. */
export type Cause =
  | { by: 'check'; report: CheckReport }
  /** The agent's word. */
  | { by: 'agent'; report: CheckReport }
  | { by: 'tracked' }
  | { by: 'operator' }
  /** Flap damping holds it no longer. */
  | { by: 'damping' }
  /** The end of slowstart. */
  | { by: 'time' };

function nameOf(s: ServerHealth, start = true): string {
  const word = s.settings.isBackup ? (start ? 'Backup Server' : 'backup server') : start ? 'Server' : 'server';
  return `${word} ${s.backend.name}/${s.name}`;
}

/** ` via be/srv` for what a server inherits. */
function via(s: ServerHealth, inherited: boolean): string {
  return inherited && s.tracked ? ` via ${s.tracked.backend.name}/${s.tracked.name}` : '';
}

function reason(report: CheckReport): string {
  const code = hasCode(report.status) ? `, code: ${report.code}` : '';
  const info = report.text === '' ? '' : `, info: "${printable(report.text)}"`;
  const duration = report.durationMs < 0 ? '' : `, check duration: ${report.durationMs}ms`;
  return `reason: ${checkStatus(report.status).description}${code}${info}${duration}`;
}

const UNPRINTABLE = /[^ -~]|"/gu;
/** Half a character: there are no bytes for it. */
const SURROGATE = /^[\ud800-\udfff]$/;

/** What a server said, fit for a log line: bytes that are no plain text stand there as `<0A>`. */
function printable(text: string): string {
  return text.replace(UNPRINTABLE, (c) => (SURROGATE.test(c) ? '?' : encodeURIComponent(c).replace(/%(..)/g, '<$1>')));
}

function because(s: ServerHealth, cause: Cause): string {
  switch (cause.by) {
    case 'check':
    case 'agent':
      // With `option log-health-checks` the check has a line of its own, just before.
      return s.backend.logsChecks ? '' : `, ${reason(cause.report)}`;
    case 'tracked':
      return via(s, true);
    case 'operator':
      return ', changed from CLI';
    case 'damping':
      return ', no longer held down for flapping';
    case 'time':
      return '';
  }
}

/** Servers that remain after a change for the worse. */
function left(s: ServerHealth): string {
  const sessions = s.row.get(T.I_CUR_SESS);
  return `${remaining(s)} left.${onBackup(s)} ${sessions} sessions active, 0 requeued, ${s.row.get(T.I_QUEUE)} remaining in queue.`;
}

/** Servers there are after a change for the better. */
function online(s: ServerHealth): string {
  return `${remaining(s)} online.${onBackup(s)} 0 sessions requeued, ${s.row.get(T.I_QUEUE)} total in queue.`;
}

function remaining(s: ServerHealth): string {
  return `${s.backend.active} active and ${s.backend.backup} backup servers`;
}

function onBackup(s: ServerHealth): string {
  return s.backend.backup > 0 && s.backend.active === 0 ? ' Running on backup.' : '';
}

/** `option log-health-checks`: any change of status or health. */
export function checkText(s: ServerHealth, report: CheckReport, result: 'failed' | 'passed' | 'conditional'): string {
  const words = { failed: 'failed', passed: 'succeeded', conditional: 'conditionally succeeded' };
  const { rise, fall } = s.settings;
  const isUp = s.health >= rise;
  const count = isUp ? `${s.health - rise + 1}/${fall} UP` : `${s.health}/${rise} DOWN`;
  return `Health check for ${nameOf(s, false)} ${words[result]}, ${reason(report)}, status: ${count}.`;
}

/** The same for agents. @param isUp what the agent has said last of up and down */
export function agentCheckText(s: ServerHealth, report: CheckReport, isPassed: boolean, isUp: boolean): string {
  const words = isPassed ? 'succeeded' : 'failed';
  const count = isUp ? '1/1 UP' : '0/1 DOWN';
  return `Agent check for ${nameOf(s, false)} ${words}, ${reason(report)}, status: ${count}.`;
}

export function downText(s: ServerHealth, cause: Cause): string {
  return `${nameOf(s)} is DOWN${because(s, cause)}. ${left(s)}`;
}

export function upText(s: ServerHealth, cause: Cause): string {
  return `${nameOf(s)} is UP${because(s, cause)}. ${online(s)}`;
}

export function stoppingText(s: ServerHealth, cause: Cause): string {
  return `${nameOf(s)} is stopping${because(s, cause)}. ${online(s)}`;
}

/** @param wasDown it was down already, so nothing is lost by it */
export function maintenanceText(s: ServerHealth, wasDown: boolean): string {
  const from = via(s, (s.admin & T.ADMIN_IMAINT) !== 0);
  if (wasDown) return `${nameOf(s)} was DOWN and now enters maintenance${from}.`;
  return `${nameOf(s)} is going DOWN for maintenance${from}. ${left(s)}`;
}

/** @param lifted the maintenance flags that went */
export function leftMaintenanceText(s: ServerHealth, lifted: number): string {
  const to = `${s.state === T.STATE_STOPPED ? 'DOWN' : 'UP'}/${s.isDraining ? 'DRAIN' : 'READY'}`;
  const why = lifted & T.ADMIN_RMAINT ? 'resolves again' : lifted & T.ADMIN_FMAINT ? 'leaving forced maintenance' : '';
  return `${nameOf(s)} is ${to} (${why || 'leaving maintenance'}).`;
}

/** One reason for maintenance went, another remains. */
export function stillInMaintenanceText(s: ServerHealth): string {
  if (s.admin & T.ADMIN_FMAINT) return `${nameOf(s)} remains in forced maintenance.`;
  if (s.admin & T.ADMIN_RMAINT) return `${nameOf(s)} remains in maintenance (its name does not resolve).`;
  return `${nameOf(s)} is leaving forced maintenance but remains in maintenance${via(s, true)}.`;
}

export function drainText(s: ServerHealth): string {
  const from = via(s, (s.admin & T.ADMIN_FDRAIN) === 0);
  return `${nameOf(s)} enters drain state${from}. ${s.state === T.STATE_STOPPED ? left(s) : online(s)}`;
}

export function leftDrainText(s: ServerHealth): string {
  return `${nameOf(s)} is ${s.state === T.STATE_STOPPED ? 'DOWN' : 'UP'} (leaving forced drain).`;
}

/** Something else changed while the server drains. */
export function stillDrainingText(s: ServerHealth): string {
  if (s.admin & T.ADMIN_FDRAIN) return `${nameOf(s)} remains in forced drain mode.`;
  return `${nameOf(s)} is leaving forced drain but remains in drain mode${via(s, true)}.`;
}

/** Flap damping: Fairlead's own line. @param nowMs monotonic */
export function heldText(s: ServerHealth, nowMs: number): string {
  const seconds = Math.ceil((s.damping.heldUntilMs - nowMs) / 1000);
  return `${nameOf(s)} keeps going up and down: it is held down for ${seconds}s, unless it is the last one.`;
}

/** Too many errors in live traffic in a row (`observe`). */
export function observedReport(errors: number): CheckReport {
  const text = `Detected ${errors} consecutive errors, last one was: L4 unsuccessful connection`;
  return { status: CheckStatus.HANA, code: 0, durationMs: -1, text };
}
