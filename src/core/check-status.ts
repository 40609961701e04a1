/**
 * Health check statuses: the number stored in S_CHECK_STATUS (and shown as `srv_check_status` by `show servers state`),
 * the name and the description that `show stat` prints. Numbers, names and descriptions as observed on HAProxy 2.6.
 */

export interface CheckStatusInfo {
  /** `check_status` of `show stat`. */
  readonly name: string;
  /** `check_desc` of `show stat`, and the reason in log lines. */
  readonly description: string;
}

/** The numbers; a value that is missing here is never stored. */
export const CheckStatus = {
  UNK: 0,
  INI: 1,
  CHECKED: 3,
  HANA: 4,
  SOCKERR: 5,
  L4OK: 6,
  L4TOUT: 7,
  L4CON: 8,
  L6OK: 9,
  L6TOUT: 10,
  L6RSP: 11,
  L7TOUT: 12,
  L7RSP: 13,
  L7OK: 15,
  L7OKC: 16,
  L7STS: 17,
  PROCERR: 18,
  PROCTOUT: 19,
  PROCOK: 20,
} as const;

const INFO: { readonly [status: number]: CheckStatusInfo } = {
  [CheckStatus.UNK]: { name: 'UNK', description: 'Unknown' },
  [CheckStatus.INI]: { name: 'INI', description: 'Initializing' },
  [CheckStatus.CHECKED]: { name: 'CHECKED', description: 'No status change' },
  [CheckStatus.HANA]: { name: 'HANA', description: 'Health analyze' },
  [CheckStatus.SOCKERR]: { name: 'SOCKERR', description: 'Socket error' },
  [CheckStatus.L4OK]: { name: 'L4OK', description: 'Layer4 check passed' },
  [CheckStatus.L4TOUT]: { name: 'L4TOUT', description: 'Layer4 timeout' },
  [CheckStatus.L4CON]: { name: 'L4CON', description: 'Layer4 connection problem' },
  [CheckStatus.L6OK]: { name: 'L6OK', description: 'Layer6 check passed' },
  [CheckStatus.L6TOUT]: { name: 'L6TOUT', description: 'Layer6 timeout' },
  [CheckStatus.L6RSP]: { name: 'L6RSP', description: 'Layer6 invalid response' },
  [CheckStatus.L7TOUT]: { name: 'L7TOUT', description: 'Layer7 timeout' },
  [CheckStatus.L7RSP]: { name: 'L7RSP', description: 'Layer7 invalid response' },
  [CheckStatus.L7OK]: { name: 'L7OK', description: 'Layer7 check passed' },
  [CheckStatus.L7OKC]: { name: 'L7OKC', description: 'Layer7 check conditionally passed' },
  [CheckStatus.L7STS]: { name: 'L7STS', description: 'Layer7 wrong status' },
  [CheckStatus.PROCERR]: { name: 'PROCERR', description: 'External check error' },
  [CheckStatus.PROCTOUT]: { name: 'PROCTOUT', description: 'External check timeout' },
  [CheckStatus.PROCOK]: { name: 'PROCOK', description: 'External check passed' },
};

/** @returns name and description of a stored status; UNK for a number that is none */
export function checkStatus(status: number): CheckStatusInfo {
  return INFO[status] ?? INFO[CheckStatus.UNK];
}

/** Statuses from L4OK up carry a duration; those from L7 replies up carry a code (`check_code`). */
export function hasCode(status: number): boolean {
  return status >= CheckStatus.L7OK;
}
