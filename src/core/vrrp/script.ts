/**
 * From the results of a track script to up or down. keepalived 2.2, seen: the first result decides at once, whatever
 * `rise` and `fall` are, also after `init_fail`; from then on it takes that many in a row.
 */

export interface ScriptState {
  /** null: no result yet. */
  readonly up: boolean | null;
  readonly isFirst: boolean;
  /** Results in a row that speak against `up`. */
  readonly against: number;
}

/** @param isFailed `init_fail`: taken for failed until there is a result */
export function scriptStart(isFailed: boolean): ScriptState {
  return { up: isFailed ? false : null, isFirst: true, against: 0 };
}

/** @param isOk exit status 0 in time; a timeout, a signal or a script that cannot be run is a failure */
export function scriptResult(state: ScriptState, isOk: boolean, rise: number, fall: number): ScriptState {
  if (state.isFirst) return { up: isOk, isFirst: false, against: 0 };
  if (isOk === state.up) return { ...state, against: 0 };
  const against = state.against + 1;
  if (against < (isOk ? rise : fall)) return { ...state, against };
  return { up: isOk, isFirst: false, against: 0 };
}
