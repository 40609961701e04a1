/** From what a server is to whether that was asked for: the part that all kinds of role checks have in common. */
import type { RoleCheck } from '../../config/model.js';
import { CheckStatus } from '../check-status.js';
import type { Claim, Role, RoleReport } from './report.js';

/** A report before anybody knows how long it took. */
export type Finding = Omit<RoleReport, 'durationMs'>;

/** What a server told about itself. `unfit` says in `text` why; the others are judged against what was asked for. */
export interface Standing {
  readonly role: Role;
  readonly text: string;
  readonly claim: Claim | null;
  readonly lagMs: number | null;
  readonly lagBytes: number | null;
}

const TEXT_MAX = 200;

/** @returns L7OK when the server is what the check wants and near enough, else L7STS with the reason after the text */
export function judge(check: RoleCheck, standing: Standing): Finding {
  const objection = standing.role === 'unfit' ? '' : objectionTo(check, standing);
  if (objection === null) return finding(CheckStatus.L7OK, standing, standing.text, false);
  return finding(CheckStatus.L7STS, standing, `${standing.text}${objection}`, true);
}

function finding(status: Finding['status'], standing: Standing, text: string, isDefinite: boolean): Finding {
  const { role, claim, lagMs, lagBytes } = standing;
  return { status, role, text: printable(text), claim, lagMs, lagBytes, isDefinite, isLoginRefused: false };
}

/** @returns what speaks against it, as the end of a sentence; null for nothing */
function objectionTo(check: RoleCheck, { role, lagMs, lagBytes }: Standing): string | null {
  const want = check.want ?? (check.kind === 'galera' || check.kind === 'exec' ? 'any' : 'primary');
  if (role === 'unknown') return want === 'any' ? null : ': its role is not known';
  if (want !== 'any' && role !== want) return want === 'primary' ? ': not the primary' : ': not a replica';
  if (role === 'primary') return null;
  return overLimit(lagMs, check.maxLagMs, lagTime) ?? overLimit(lagBytes, check.maxLagBytes, lagSize);
}

function overLimit(lag: number | null, limit: number | undefined, write: (lag: number) => string): string | null {
  if (limit === undefined || (lag !== null && lag <= limit)) return null;
  return lag === null
    ? `: how far it is behind is not known, the limit is ${write(limit)}`
    : `: the limit is ${write(limit)}`;
}

/** A failure to get an answer, or an answer that is a refusal: no role is known. */
export function failure(status: Finding['status'], text: string, isDefinite = false): Finding {
  const role: Role = isDefinite ? 'unfit' : 'unknown';
  const none = { claim: null, lagMs: null, lagBytes: null };
  return { status, role, text: printable(text), ...none, isDefinite, isLoginRefused: false };
}

/** The server knows the user not, or takes its password for wrong. */
export function loginRefused(text: string): Finding {
  return { ...failure(CheckStatus.L7STS, text, true), isLoginRefused: true };
}

/** One line of printable ASCII, short enough for a log line. */
function printable(text: string): string {
  const line = text.replace(/[^\x20-\x7e]+/g, ' ').trim();
  return line.length <= TEXT_MAX ? line : `${line.slice(0, TEXT_MAX - 3)}...`;
}

/** @param ms milliseconds. @returns `250 ms`, `1.2 s`, `75 s` */
export function lagTime(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return `${ms < 10_000 ? (ms / 1000).toFixed(1).replace(/\.0$/, '') : Math.round(ms / 1000)} s`;
}

/** @returns `512 bytes`, `16 KiB`, `1.5 MiB` */
export function lagSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  const [size, unit] = bytes < 1_048_576 ? [bytes / 1024, 'KiB'] : [bytes / 1_048_576, 'MiB'];
  return `${size.toFixed(1).replace(/\.0$/, '')} ${unit}`;
}

/** An identifier that a server told, for a claim: it is compared, remembered and quoted, so it holds nothing else. */
export function identifier(value: string | null | undefined, lengthMax = 64): string {
  return (value ?? '').replace(/[^\w:,.-]+/g, '').slice(0, lengthMax);
}

/** A word that a server said about itself, cut to what can be quoted. */
export function quoted(value: string | null | undefined): string {
  return (value ?? '').slice(0, 60);
}
