/** A claim, its bar and what was measured. */
export interface Verdict {
  readonly claim: string;
  readonly measured: number;
  /** Largest value that meets the claim. */
  readonly bar: number;
  readonly unit: string;
  readonly met: boolean;
}

export function atMost(claim: string, measured: number, bar: number, unit: string): Verdict {
  return { claim, measured, bar, unit, met: measured <= bar };
}

export function formatVerdict(verdict: Verdict): string {
  const mark = verdict.met ? 'met   ' : 'MISSED';
  return `${mark}  ${verdict.claim}: ${verdict.measured.toFixed(2)} ${verdict.unit} (bar: at most ${verdict.bar} ${verdict.unit})`;
}
