/** `track_interface` and its kin: what is watched, and what it does to the priority. */
import type { Tracked, Tracking } from '../model.js';
import { interfaceOf } from './addresses.js';
import { block, type Keyword, type Keywords, Line } from './line.js';

interface Tracker {
  track: Tracking;
}

/** Highest weight that counts; files and processes may go one further (keepalived.conf(5)). */
export const WEIGHT = 253;
export const FILE_WEIGHT = 254;

export function noTracking(): Tracking {
  return { interfaces: [], scripts: [], files: [], processes: [], frontends: [] };
}

export const TRACK: Keywords<Tracker> = {
  track_interface: tracked('interfaces', WEIGHT),
  track_script: tracked('scripts', WEIGHT),
  track_file: tracked('files', FILE_WEIGHT),
  track_process: tracked('processes', FILE_WEIGHT),
  track_bfd: block((line) => {
    const remedy = "write 'version 3' and 'advert_int 0.1': a silent router is noticed as fast, and remove this block";
    line.error(undefined, 'no-bfd', "'track_bfd': BFD is not supported", remedy);
  }),
};

function tracked(kind: keyof Tracking, limit: number): Keyword<Tracker> {
  return block((line, { track }, statements) => {
    const known = new Set(track[kind].map(({ name }) => name));
    for (const statement of statements) {
      const entry = readTracked(new Line(statement, line.diag), kind, limit);
      if (entry === undefined) continue;
      if (known.has(entry.name)) {
        const message = `'${entry.name}' is tracked twice; the first holds`;
        line.diag.warning('written-twice', entry.loc, message, 'remove one of the two');
      } else track[kind].push(entry);
      known.add(entry.name);
    }
  });
}

/** `NAME [weight N [reverse|noreverse]]` */
function readTracked(line: Line, kind: keyof Tracking, limit: number): Tracked | undefined {
  const [{ text: name, loc }] = line.statement.words;
  // Judged as a name of an interface, with the place of the word.
  if (
    kind === 'interfaces' &&
    interfaceOf(new Line({ words: [line.statement.words[0], line.statement.words[0]] }, line.diag)) === undefined
  )
    return undefined;
  const entry: Tracked = { name, loc };
  for (let word = line.next(); word !== undefined; word = line.next()) {
    if (word.text === 'weight') {
      const weight = line.integer(-limit, limit);
      if (weight !== undefined) entry.weight = weight;
    } else if (word.text === 'reverse') entry.reverse = true;
    else if (word.text === 'noreverse' || word.text === 'no_reverse') entry.reverse = false;
    else
      return line.error(
        word,
        'unknown-option',
        `unknown word '${word.text}' behind '${name}'`,
        'write each name on a line of its own',
      );
  }
  return entry;
}

/** `weight N [reverse]` of a script, file or process. */
export function readWeight(line: Line, to: { weight?: number; reverse?: boolean }, min: number, max: number): void {
  const weight = line.integer(min, max);
  if (weight !== undefined) to.weight = weight;
  if (line.peek()?.text !== 'reverse') return;
  line.next();
  to.reverse = true;
}
