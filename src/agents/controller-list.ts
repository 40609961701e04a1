/**
 * The table of `s9s controller --list --long`: which controller leads. Its columns are `S VERSION OWNER GROUP NAME IP PORT
 * COMMENT`; `S` is `l` for the leader and `f` for a follower.
 */

export interface Controller {
  /** First column: `l`, `f`, or another letter. */
  readonly state: string;
  /** The words of its row between state and comment: version, owner, group, name, address, port. */
  readonly words: readonly string[];
}

export type ControllerRole = 'leader' | 'follower' | 'unknown';

/** Names of this host that a reason tells; the list may know it by another one. */
const NAMES_MAX = 4;
/** Colours and other terminal sequences. */
const ESCAPE = /\u001b\[[0-9;?]*[ -/]*[@-~]/g;

/** @returns the rows, or why the text is no whole table */
export function parseControllers(text: string): Controller[] | string {
  const lines = text
    .replace(ESCAPE, '')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const rows = lines
    .map((line) => line.split(/\s+/))
    .filter(([state, ...more]) => state.length === 1 && state !== 'S' && more.length > 0);
  const total = lines.map((line) => /^Total: (\d+) controller/.exec(line)?.[1]).find((each) => each !== undefined);
  if (rows.length === 0) return 'the list names no controller';
  if (total !== undefined && Number(total) !== rows.length)
    return `the list has ${rows.length} rows and says it has ${total}`;
  return rows.map(([state, ...words]) => ({ state, words: beforeComment(words) }));
}

/** The port ends what is of fixed form; behind it anything may stand. */
function beforeComment(words: readonly string[]): string[] {
  const port = words.findIndex((word, i) => i > 0 && /^\d{1,5}$/.test(word));
  return words.slice(0, port < 0 ? words.length : port);
}

/**
 * @param own addresses and names of this host
 * @returns what this host is among the controllers, and why
 */
export function roleAmong(
  controllers: readonly Controller[],
  own: readonly string[],
): { role: ControllerRole; reason: string } {
  const mine = controllers.filter(({ words }) => words.some((word) => own.includes(word)));
  const leaders = controllers.filter(({ state }) => state === 'l').length;
  if (mine.length === 0)
    return {
      role: 'unknown',
      reason: `this host (${own.slice(0, NAMES_MAX).join(', ')}) is not among the controllers`,
    };
  if (mine.length > 1) return { role: 'unknown', reason: 'several controllers have addresses of this host' };
  const [{ state }] = mine;
  if (state === 'l' && leaders > 1) return { role: 'unknown', reason: `${leaders} controllers say they lead` };
  if (state === 'l') return { role: 'leader', reason: 'this controller leads' };
  if (state === 'f')
    return { role: 'follower', reason: leaders > 0 ? 'another controller leads' : 'no controller leads' };
  return { role: 'unknown', reason: `the controller is in state '${state}'` };
}
