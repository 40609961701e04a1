/** A claim, its bar and what was measured. */
export interface Verdict {
  readonly claim: string;
  readonly measured: number;
  readonly bar: number;
  /** Which side of the bar meets the claim. */
  readonly side: 'at most' | 'at least';
  readonly unit: string;
  readonly met: boolean;
}

export function atMost(claim: string, measured: number, bar: number, unit: string): Verdict {
  return { claim, measured, bar, side: 'at most', unit, met: measured <= bar };
}

export function atLeast(claim: string, measured: number, bar: number, unit: string): Verdict {
  return { claim, measured, bar, side: 'at least', unit, met: measured >= bar };
}

export function formatVerdict(verdict: Verdict): string {
  const mark = verdict.met ? 'met   ' : 'MISSED';
  return `${mark}  ${verdict.claim}: ${verdict.measured.toFixed(2)} ${verdict.unit} (bar: ${verdict.side} ${verdict.bar} ${verdict.unit})`;
}
