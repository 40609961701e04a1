/**
 * Sets of transactions: GTIDs of MySQL (`uuid:1-5:7,uuid:tag:1-3`, manual "GTID Sets") and positions of MariaDB
 * (`domain-server-sequence`, one per domain). What cannot be read compares as unordered.
 */

export type SetOrder = 'equal' | 'superset' | 'subset' | 'unordered';

/** How the set of `a` stands to that of `b`. */
export function compareGtids(a: string, b: string, flavor: 'mysql' | 'mariadb'): SetOrder {
  if (a === b) return a === '' ? 'unordered' : 'equal';
  const [forward, backward] =
    flavor === 'mysql'
      ? mysqlContains(parseMysql(a), parseMysql(b))
      : mariadbContains(parseMariadb(a), parseMariadb(b));
  if (forward && backward) return 'equal';
  if (forward) return 'superset';
  return backward ? 'subset' : 'unordered';
}

// ── MySQL ─────────────────────────────────────────────────────────────────────────────────────────────────────────

type Interval = readonly [from: bigint, to: bigint];
/** Intervals by source, sorted and joined. */
type Intervals = Map<string, Interval[]>;

function parseMysql(text: string): Intervals | null {
  const found: Intervals = new Map();
  for (const part of text.split(',').filter((each) => each !== '')) {
    const [uuid, ...rest] = part.trim().toLowerCase().split(':');
    let source = uuid;
    for (const token of rest) {
      const [, from, to = from] = /^(\d+)(?:-(\d+))?$/.exec(token) ?? [];
      if (from === undefined) source = `${uuid}:${token}`;
      else found.set(source, [...(found.get(source) ?? []), [BigInt(from), BigInt(to)]]);
    }
    if (rest.length === 0) return null;
  }
  for (const [source, intervals] of found) found.set(source, joined(intervals));
  return found;
}

function joined(intervals: readonly Interval[]): Interval[] {
  const sorted = [...intervals].sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
  const result: Interval[] = [];
  for (const [from, to] of sorted) {
    const last = result.at(-1);
    if (last !== undefined && from <= last[1] + 1n) result[result.length - 1] = [last[0], to > last[1] ? to : last[1]];
    else result.push([from, to]);
  }
  return result;
}

/** @returns whether a contains b, and b contains a */
function mysqlContains(a: Intervals | null, b: Intervals | null): [boolean, boolean] {
  return a === null || b === null ? [false, false] : [holds(a, b), holds(b, a)];
}

function holds(a: Intervals, b: Intervals): boolean {
  for (const [source, intervals] of b) {
    const own = a.get(source) ?? [];
    if (!intervals.every(([from, to]) => own.some((has) => has[0] <= from && to <= has[1]))) return false;
  }
  return true;
}

// ── MariaDB ───────────────────────────────────────────────────────────────────────────────────────────────────────

interface Position {
  readonly server: string;
  readonly sequence: bigint;
}

function parseMariadb(text: string): Map<string, Position> | null {
  const found = new Map<string, Position>();
  for (const part of text.split(',').filter((each) => each !== '')) {
    const [, domain, server, sequence] = /^(\d+)-(\d+)-(\d+)$/.exec(part.trim()) ?? [];
    if (domain === undefined) return null;
    found.set(domain, { server, sequence: BigInt(sequence) });
  }
  return found;
}

/**
 * A position tells the last transaction of each domain alone. The same writer with a higher number holds the lower one;
 * of two writers neither can be shown to hold what the other wrote.
 */
function mariadbContains(a: Map<string, Position> | null, b: Map<string, Position> | null): [boolean, boolean] {
  return a === null || b === null ? [false, false] : [reaches(a, b), reaches(b, a)];
}

function reaches(a: Map<string, Position>, b: Map<string, Position>): boolean {
  for (const [domain, { server, sequence }] of b) {
    const own = a.get(domain);
    if (own === undefined || own.server !== server || own.sequence < sequence) return false;
  }
  return true;
}
