/** From what a database said to what an endpoint answers: the words of clustercheck, and the paths of the others. */
import { CheckStatus } from '../core/check-status.js';
import type { RoleReport } from '../core/role/report.js';
import type { Finding } from './finding.js';

/** In clustercheck's words; a node that does not answer is not synced, as the script has it. */
export function judgeGalera(report: RoleReport, atMs: number): Finding {
  const isOk = report.status === CheckStatus.L7OK;
  const state = isOk ? 'synced' : /read.only/i.test(report.text) ? 'read-only' : 'not-synced';
  return { state, isOk, reason: report.text, report, output: null, atMs };
}

/** Fit for what the check asks. */
export function judgeRole(report: RoleReport, atMs: number): Finding {
  const isOk = report.status === CheckStatus.L7OK;
  const state = isOk ? 'fit' : report.role === 'unknown' ? 'unknown' : 'unfit';
  return { state, isOk, reason: report.text, report, output: null, atMs };
}

const PRIMARY = ['/primary', '/master', '/leader', '/read-write'];
const REPLICA = ['/replica', '/standby', '/secondary', '/read-only'];

/**
 * What a path asks of a finding: `/primary`, `/replica` (with `?lag=5s` or `?lag=16MB`), `/health`, and `/` for what the
 * endpoint is configured to ask.
 * @returns undefined for a path that asks nothing
 */
export function judgePath(finding: Finding, path: string, query: string): Finding | undefined {
  const { report } = finding;
  const plain = path.toLowerCase().replace(/\/$/, '');
  if (plain === '') return finding;
  if (PRIMARY.includes(plain)) return asRole(finding, report?.role === 'primary', 'not a primary');
  if (REPLICA.includes(plain)) return judgeReplica(finding, query);
  if (plain === '/health') return asRole(finding, isAnswering(report), 'does not answer');
  return undefined;
}

function isAnswering(report: RoleReport | null): boolean {
  // A refused login is an answer too, and says nothing of the server: there is no claim in it.
  return report !== null && (report.status === CheckStatus.L7OK || report.claim !== null);
}

function asRole(finding: Finding, isOk: boolean, otherwise: string): Finding {
  const reason = isOk || !finding.isOk ? finding.reason : `${otherwise}: ${finding.reason}`;
  const isUnknown = !isOk && !isAnswering(finding.report);
  return { ...finding, isOk, reason, state: isOk ? 'fit' : isUnknown ? 'unknown' : 'unfit' };
}

function judgeReplica(finding: Finding, query: string): Finding {
  const asked = new URLSearchParams(query).get('lag');
  const limit = asked === null ? undefined : parseLag(asked);
  if (asked !== null && limit === undefined)
    return unfit(finding, `'lag=${printable(asked)}' is no lag; write such as lag=5s or lag=16MB`);
  const isReplica = finding.report?.role === 'replica';
  // A replica that the configured check finds too far behind is no replica for anyone.
  if (!isReplica || limit === undefined) return asRole(finding, isReplica, 'not a replica');
  const { lagMs = null, lagBytes = null } = finding.report ?? {};
  const behind = limit.unit === 'ms' ? lagMs : lagBytes;
  if (behind === null) return unfit(finding, `the lag is not known: ${finding.reason}`);
  return behind <= limit.most ? asRole(finding, true, '') : unfit(finding, `too far behind: ${finding.reason}`);
}

function unfit(finding: Finding, reason: string): Finding {
  return { ...finding, isOk: false, state: 'unfit', reason };
}

interface Lag {
  readonly unit: 'ms' | 'bytes';
  readonly most: number;
}

const TIMES: { [unit: string]: number } = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 };
const SIZES: { [unit: string]: number } = { '': 1, b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3, tb: 1024 ** 4 };

/** `5s`, `500ms`, `16MB`; a bare number is bytes, as in Patroni's `?lag=`. */
function parseLag(text: string): Lag | undefined {
  const [, digits, unit] = /^(\d{1,15})\s*([a-zA-Z]*)$/.exec(text.trim()) ?? [];
  if (digits === undefined) return undefined;
  const time = TIMES[unit.toLowerCase()];
  if (time !== undefined) return { unit: 'ms', most: Number(digits) * time };
  const size = SIZES[unit.toLowerCase()];
  return size === undefined ? undefined : { unit: 'bytes', most: Number(digits) * size };
}

/** What a stranger sent, fit to be shown. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 40);
}
