/** What a codec makes of the bytes received so far. */
import type { CheckStatusCode } from '../../core/role/report.js';

export interface Finding {
  /** L7OK, L6OK: the step is passed; anything else ends the check. */
  readonly status: CheckStatusCode;
  readonly code: number;
  readonly text: string;
}

/**
 * @param received everything since the last send
 * @param isFinal nothing more will come
 * @returns null to wait for more
 */
export type Codec = (received: Buffer, isFinal: boolean) => Finding | null;

export function finding(status: CheckStatusCode, text = '', code = 0): Finding {
  return { status, code, text };
}
