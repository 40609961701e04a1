/**
 * Successes and failures in a row to up and down. The first result of all is believed at once, whatever rise, fall and
 * `init_fail` say; so keepalived 2.2 counts.
 */

export interface Count {
  /** Null before the first result, unless `init_fail` says that it is down until then. */
  readonly up: boolean | null;
  readonly isFirst: boolean;
  /** Results in a row that speak against `up`. */
  readonly against: number;
}

/** @param isDown `init_fail` */
export function firstCount(isDown: boolean): Count {
  return { up: isDown ? false : null, isFirst: true, against: 0 };
}

/** @param rise successes in a row to come up @param fall failures in a row to go down; both at least 1 */
export function count({ up, isFirst, against }: Count, isSuccess: boolean, rise: number, fall: number): Count {
  if (isFirst || up === isSuccess) return { up: isSuccess, isFirst: false, against: 0 };
  const needed = up ? fall : rise;
  const isEnough = against + 1 >= needed;
  return { up: isEnough ? isSuccess : up, isFirst: false, against: isEnough ? 0 : against + 1 };
}
