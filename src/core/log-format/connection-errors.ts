/** Why a connection failed before anything was asked on it: HAProxy's numbers and words (manual §7.3.3, `fc_err_str`). */
export const HEADER_CLOSED = 11;
export const HEADER_ERROR = 12;
export const HEADER_TIMEOUT = 13;
export const HEADER_TRUNCATED = 14;
export const HEADER_MISSING = 15;
export const HEADER_INVALID = 16;

const TEXTS: { readonly [code: number]: string } = {
  0: 'Success',
  [HEADER_CLOSED]: 'Connection closed while waiting for PROXY protocol header',
  [HEADER_ERROR]: 'Connection error while waiting for PROXY protocol header',
  [HEADER_TIMEOUT]: 'Timeout while waiting for PROXY protocol header',
  [HEADER_TRUNCATED]: 'Truncated PROXY protocol header received',
  [HEADER_MISSING]: 'Received something which does not look like a PROXY protocol header',
  [HEADER_INVALID]: 'Received an invalid PROXY protocol header',
};

export function connectionErrorText(code: number): string {
  return TEXTS[code] ?? '';
}

/** Nothing was received: not worth a line with `option dontlognull`. */
export function isSilentError(code: number): boolean {
  return code === HEADER_CLOSED || code === HEADER_ERROR || code === HEADER_TIMEOUT;
}
