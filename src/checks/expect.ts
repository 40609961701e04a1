/** What an expect step makes of the bytes received so far: match, mismatch, or wait for more (manual, `tcp-check expect`). */
import type { TextMatch } from '../config/model.js';
import { CheckStatus } from '../core/check-status.js';
import type { Finding } from './builtin/finding.js';
import { bodyOf, parseHead, type ResponseHead } from './http-response.js';
import type { CheckPlan, ExpectStep } from './plan.js';

/** `wait`, or the outcome; overwritten by the next evaluation. */
export interface Verdict {
  outcome: 'wait' | 'matched' | 'failed';
  /** CheckStatus if the check ends here. */
  status: number;
  code: number;
  text: string;
}

const verdict: Verdict = { outcome: 'wait', status: 0, code: 0, text: '' };

function conclude(outcome: Verdict['outcome'], status: number, code: number, text: string): Verdict {
  verdict.outcome = outcome;
  verdict.status = status;
  verdict.code = code;
  verdict.text = text;
  return verdict;
}

function wait(): Verdict {
  return conclude('wait', CheckStatus.UNK, 0, '');
}

/**
 * @param received everything since the last send
 * @param isFinal nothing more will come: the server closed, or the buffer is full
 * @param isUp whether the server is up now: only then a 404 is a conditional pass (`http-check disable-on-404`)
 * @returns a shared object
 */
export function evaluate(
  plan: CheckPlan,
  step: ExpectStep,
  received: Buffer,
  isFinal: boolean,
  isUp: boolean,
): Verdict {
  return plan.kind === 'http' ? onResponse(plan, step, received, isFinal, isUp) : onBytes(step, received, isFinal);
}

// ── tcp-check ───────────────────────────────────────────────────────────────────────────────────────────────────────

function onBytes(step: ExpectStep, received: Buffer, isFinal: boolean): Verdict {
  if (received.length === 0) {
    if (!isFinal) return wait();
    const comment = step.comment === undefined ? '' : ` comment: '${step.comment}'`;
    const text = `TCPCHK got an empty response at step ${step.number}${comment}`;
    return conclude('failed', step.errorStatus ?? CheckStatus.L7RSP, 0, text);
  }
  if (step.codec !== undefined) return onCodec(step.codec(received, isFinal));
  if (!isFinal && received.length < neededBytes(step)) return wait();
  const isMatch = matches(step, received);
  // With `min-recv` a mismatch in that many bytes is conclusive.
  if (!isMatch && !isFinal && step.minRecv < 0) return wait();
  const code = step.statusCode?.(received) ?? 0;
  if (isMatch !== step.negate)
    return conclude('matched', step.okStatus ?? CheckStatus.L7OK, code, step.onSuccess?.(received) ?? '(tcp-check)');
  return conclude('failed', step.errorStatus ?? CheckStatus.L7RSP, code, step.onError?.(received) ?? bytesText(step));
}

function onCodec(found: Finding | null): Verdict {
  if (found === null) return wait();
  const isPassed = found.status === CheckStatus.L7OK;
  return conclude(isPassed ? 'matched' : 'failed', found.status, found.code, found.text);
}

/** An exact string cannot be there in fewer bytes than it has; `min-recv` may ask for more. */
function neededBytes(step: ExpectStep): number {
  return Math.max(1, step.minRecv, step.regex === undefined ? step.bytes.length : 0);
}

function bytesText(step: ExpectStep): string {
  const shown = { string: `'${step.pattern}'`, rstring: '(regex)', binary: '(binary)', rbinary: '(binary regex)' };
  const what = shown[step.match as keyof typeof shown];
  const comment = step.comment === undefined ? '' : ` comment: ${step.comment}`;
  return `TCPCHK ${step.negate ? 'matched unwanted' : 'did not match'} content ${what} at step ${step.number}${comment}`;
}

function matches(step: ExpectStep, data: Buffer): boolean {
  if (step.match === 'rstring') return step.regex!.test(data.toString('latin1'));
  if (step.match === 'rbinary') return step.regex!.test(data.toString('hex').toUpperCase());
  return data.includes(step.bytes);
}

// ── http-check ──────────────────────────────────────────────────────────────────────────────────────────────────────

function onResponse(plan: CheckPlan, step: ExpectStep, received: Buffer, isFinal: boolean, isUp: boolean): Verdict {
  const head = parseHead(received);
  if (head === 'need-more' && !isFinal) return wait();
  if (typeof head === 'string' || head.hasBadFraming) return conclude('failed', CheckStatus.L7RSP, 0, '');
  if (plan.disableOn404 && head.status === 404 && isUp) return conclude('failed', CheckStatus.L7OKC, 404, '');
  switch (step.match) {
    case 'status':
      return onHead(step, head, received, inRanges(step, head.status));
    case 'rstatus':
      return onHead(step, head, received, step.regex!.test(String(head.status)));
    case 'header':
      return onHead(step, head, received, hasHeader(step, head));
    default:
      return onBody(step, head, received, isFinal);
  }
}

function onHead(step: ExpectStep, head: ResponseHead, received: Buffer, isMatch: boolean): Verdict {
  if (isMatch !== step.negate) return passed(step, head, received);
  return refused(step, head, received, CheckStatus.L7STS, head.reason);
}

function onBody(step: ExpectStep, head: ResponseHead, received: Buffer, isFinal: boolean): Verdict {
  const body = bodyOf(head, received);
  if (body === 'bad') return conclude('failed', CheckStatus.L7RSP, 0, '');
  const isOver = isFinal || body.isComplete || (step.minRecv === 0 && body.bytes.length > 0);
  if (body.bytes.length === 0) {
    if (!isOver) return wait();
    return refused(step, head, received, CheckStatus.L7RSP, 'HTTP content check could not find a response body');
  }
  const isMatch = matches(step, body.bytes);
  if (!isMatch && !isOver) return wait();
  if (isMatch !== step.negate) return passed(step, head, received);
  const text = step.negate ? 'HTTP check matched unwanted content' : 'HTTP content check did not match';
  return refused(step, head, received, CheckStatus.L7RSP, text);
}

function passed(step: ExpectStep, head: ResponseHead, received: Buffer): Verdict {
  const code = step.statusCode?.(received, head) ?? head.status;
  return conclude('matched', step.okStatus ?? CheckStatus.L7OK, code, step.onSuccess?.(received, head) ?? '');
}

function refused(step: ExpectStep, head: ResponseHead, received: Buffer, status: number, text: string): Verdict {
  const comment = step.comment === undefined ? '' : `${text === '' ? '' : ' '}comment: ${step.comment}`;
  const code = step.statusCode?.(received, head) ?? head.status;
  return conclude('failed', step.errorStatus ?? status, code, step.onError?.(received, head) ?? `${text}${comment}`);
}

function inRanges(step: ExpectStep, status: number): boolean {
  for (const range of step.ranges) if (status >= range[0] && status <= range[1]) return true;
  return false;
}

/** `hdr` compares each comma-separated value, `fhdr` the whole line; names are compared without regard to case. */
function hasHeader(step: ExpectStep, head: ResponseHead): boolean {
  const wanted = step.header;
  if (wanted === undefined) return false;
  const name: TextMatch = { ...wanted.name, text: wanted.name.text.toLowerCase() };
  for (const [header, line] of head.headers) {
    if (!matchesText(name, header)) continue;
    if (wanted.value === undefined) return true;
    const values = wanted.full ? [line] : line.split(',').map((value) => value.trim());
    if (values.some((value) => matchesText(wanted.value!, value))) return true;
  }
  return false;
}

function matchesText({ method, text }: TextMatch, value: string): boolean {
  switch (method) {
    case 'str':
      return value === text;
    case 'beg':
      return value.startsWith(text);
    case 'end':
      return value.endsWith(text);
    case 'sub':
      return value.includes(text);
    case 'reg':
      return new RegExp(text).test(value);
  }
}
