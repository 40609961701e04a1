/** `capture request|response header`, `declare capture`, `capture cookie`: what of a transaction is kept for its log line. */
import type { CommonAction } from '../../../config/http-model.js';
import type { Proxy } from '../../../config/model.js';
import { findHeader, headerValue } from '../../../core/http1/headers.js';
import type { HttpMessage } from '../../../core/http1/message.js';
import type { Transaction } from '../transaction.js';
import type { CaptureSlots } from './common-steps.js';

interface Slot {
  /** Lower case; null = filled by rules. */
  readonly name: string | null;
  readonly length: number;
}

type CaptureAction = Extract<CommonAction, { do: 'capture' }>;

/** The slots of one direction of a proxy, in the order of their numbers. */
export class Captures implements CaptureSlots {
  readonly slots: Slot[];
  /** Slots of rules that make their own (`http-request capture … len N`). */
  private readonly own = new Map<CaptureAction, number>();

  constructor(declared: Proxy['http']['requestCaptures'], rules: readonly CaptureAction[]) {
    this.slots = declared.map(({ name, length }) => ({ name: name?.toLowerCase() ?? null, length }));
    for (const rule of rules)
      if (rule.id === undefined) this.own.set(rule, this.slots.push({ name: null, length: rule.length ?? 0 }) - 1);
  }

  /** A slot of another proxy's frontend has a length that is not known here: it is cut when it is filled. */
  slotOf(action: CaptureAction): { slot: number; length: number } {
    const slot = action.id ?? this.own.get(action) ?? -1;
    return { slot, length: this.slots[slot]?.length ?? Number.MAX_SAFE_INTEGER };
  }

  /** Of several lines of one name the last counts, as in HAProxy (observed). */
  take(message: HttpMessage, into: (string | null)[]): void {
    const { slots } = this;
    into.length = slots.length;
    for (let i = 0; i < slots.length; i++) {
      const { name, length } = slots[i];
      let last = -1;
      if (name !== null)
        for (let row = findHeader(message, name); row >= 0; row = findHeader(message, name, row)) last = row;
      // A slot without a name may hold what rules have put there before.
      if (name === null) into[i] ??= null;
      else into[i] = last < 0 ? null : headerValue(message, last).slice(0, length);
    }
  }
}

/** `capture cookie NAME len N`: the first cookie whose name is, or begins with, NAME; kept with its name. */
export function captureCookie(tx: Transaction, proxy: Proxy, message: HttpMessage): void {
  const wanted = proxy.http.captureCookie;
  if (wanted === undefined) return;
  const header = message.isResponse ? 'set-cookie' : 'cookie';
  for (let row = findHeader(message, header); row >= 0; row = findHeader(message, header, row)) {
    const found = cookieIn(headerValue(message, row), wanted, message.isResponse);
    if (found === undefined) continue;
    if (message.isResponse) tx.responseCookie = found.slice(0, wanted.length);
    else tx.requestCookie = found.slice(0, wanted.length);
    return;
  }
}

function cookieIn(
  value: string,
  { name, isPrefix }: { name: string; isPrefix?: true },
  isResponse: boolean,
): string | undefined {
  const cookies = isResponse ? [value.split(';', 1)[0]] : value.split(';');
  return cookies.map((one) => one.trim()).find((one) => (isPrefix ? one.startsWith(name) : one.startsWith(`${name}=`)));
}
