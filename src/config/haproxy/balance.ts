/** `balance`, `hash-type` and `hash-balance-factor` (manual §4.2). */
import type { Balance, BalanceAlgorithm, HashType } from '../model.js';
import { didYouMean } from '../suggest.js';
import type { Line } from './line.js';
import { defer, ignoreRest, mark, type ProxySection } from './section.js';

const ALGORITHMS: readonly BalanceAlgorithm[] = ['roundrobin', 'static-rr', 'leastconn', 'first', 'source', 'random'];

/** Algorithms that look into requests or hash an expression. */
const LATER = ['uri', 'url_param', 'hdr', 'rdp-cookie', 'hash'];

const URI_WORDS = ['len', 'depth', 'whole', 'path-only'];

export function readBalance(line: Line, section: ProxySection): void {
  // Said to us alone: the line HAProxy needs beside it does not take it back, wherever it stands in the section.
  if (section.proxy.balance?.algorithm === 'single' && isOwn(section)) return;
  const text = line.text(1) || 'roundrobin';
  const [, name, argument] = /^([a-z_-]+)(?:\((.*)\))?$/s.exec(text) ?? [undefined, text];
  if (LATER.includes(name)) {
    readLaterBalance(line, section, name, argument);
    return;
  }
  const algorithm = ALGORITHMS.find((known) => known === name);
  if (!algorithm || (argument !== undefined && algorithm !== 'random')) {
    unknownAlgorithm(line);
    return;
  }
  const draws = algorithm === 'random' ? readDraws(line, argument) : undefined;
  if (draws === null) return;
  ignoreRest(line, 2);
  section.proxy.balance = makeBalance(line, algorithm, draws);
  mark(section, 'balance', line);
}

function makeBalance(line: Line, algorithm: BalanceAlgorithm, draws: number | undefined): Balance {
  return draws === undefined ? { algorithm, loc: line.whole } : { algorithm, draws, loc: line.whole };
}

/** Whether the section itself chose it, and not the defaults it started from. */
function isOwn({ header, proxy }: ProxySection): boolean {
  const loc = proxy.balance?.loc;
  return loc?.file === header.whole.file && loc.line > header.whole.line;
}

/** The number in `random(N)`; null after a complaint. */
function readDraws(line: Line, argument: string | undefined): number | undefined | null {
  if (argument === undefined || argument === '') return undefined;
  if (/^\d+$/.test(argument) && Number(argument) >= 1) return Number(argument);
  line.error('bad-number', 1, `'${argument}' is not a number of draws`, "write 'random(2)'");
  return null;
}

/** Parses, and falls back to round robin, as HAProxy does in mode tcp. */
function readLaterBalance(line: Line, section: ProxySection, name: string, argument: string | undefined): void {
  if ((name === 'hdr' && !argument) || (name === 'url_param' && !line.has(2)) || (name === 'hash' && !line.has(2))) {
    line.error(
      'missing-argument',
      1,
      `'balance ${name}' needs what to look at`,
      name === 'hdr' ? "write 'hdr(NAME)'" : `write 'balance ${name} NAME'`,
    );
    return;
  }
  const wrong =
    name === 'uri' ? line.words.findIndex((w, i) => i > 1 && !URI_WORDS.includes(w.text) && !/^\d+$/.test(w.text)) : -1;
  if (wrong > 0) {
    line.error(
      'bad-value',
      wrong,
      `unknown word '${line.text(wrong)}' after 'balance uri'`,
      `write some of ${URI_WORDS.join(', ')}`,
    );
    return;
  }
  section.proxy.balance = makeBalance(line, 'roundrobin', undefined);
  mark(section, 'balance', line);
  defer(
    line,
    section.proxy.deferred,
    'hashing of requests comes with mode http, in a later version; until then it is round robin',
  );
}

function unknownAlgorithm(line: Line): void {
  const known = [...ALGORITHMS, ...LATER];
  line.error(
    'unknown-algorithm',
    1,
    `unknown balance algorithm '${line.text(1)}'`,
    didYouMean(line.text(1), known, `write one of ${ALGORITHMS.join(', ')}`),
  );
}

/** `# fairlead: balance single [failback]`: one server at a time, which HAProxy has no word for. */
export function readBalancePragma(line: Line, section: ProxySection): void {
  if (!line.choice(1, 'a balance algorithm of Fairlead', ['single'])) return;
  if (line.has(2) && !line.choice(2, "a word after 'balance single'", ['failback'])) return;
  line.noMore(3);
  section.proxy.balance = { algorithm: 'single', ...(line.has(2) ? { failback: true } : {}), loc: line.whole };
  mark(section, 'balance', line);
}

/** `hash-type METHOD [FUNCTION [avalanche]]`. */
export function readHashType(line: Line, section: ProxySection): void {
  const method = line.choice(1, 'a hash method', ['map-based', 'consistent']);
  if (!method) return;
  const hash: HashType = {
    ...section.proxy.hashType,
    method,
    function: undefined,
    avalanche: undefined,
    loc: line.whole,
  };
  if (line.has(2)) {
    hash.function = line.choice(2, 'a hash function', ['sdbm', 'djb2', 'wt6', 'crc32', 'none']);
    if (!hash.function) return;
  }
  if (line.has(3)) {
    if (!line.choice(3, 'a hash modifier', ['avalanche'])) return;
    hash.avalanche = true;
  }
  section.proxy.hashType = hash;
}

/** Percent of the average load a server may take, for consistent hashing; 0 turns it off. */
export function readHashBalanceFactor(line: Line, section: ProxySection): void {
  const percent = line.looseInteger(1, "'hash-balance-factor'", { min: 0 });
  if (percent === undefined) return;
  if (percent > 0 && percent <= 100) {
    line.error('out-of-range', 1, `'hash-balance-factor' cannot be ${percent}`, 'write 0, or more than 100');
    return;
  }
  section.proxy.hashType = { method: 'map-based', ...section.proxy.hashType, balanceFactor: percent };
}
