/** `balance`, `hash-type` and `hash-balance-factor` (manual §4.2). */
import type { Balance, BalanceAlgorithm, HashType } from '../model.js';
import { didYouMean } from '../suggest.js';
import { readExpression } from './expression.js';
import type { Line } from './line.js';
import { ignoreRest, mark, type ProxySection } from './section.js';

const ALGORITHMS: readonly BalanceAlgorithm[] = ['roundrobin', 'static-rr', 'leastconn', 'first', 'source', 'random'];

/** Algorithms that look into requests or hash an expression. */
const REQUEST_ALGORITHMS = ['uri', 'url_param', 'hdr', 'rdp-cookie', 'hash'];

export function readBalance(line: Line, section: ProxySection): void {
  // Said to us alone: the line HAProxy needs beside it does not take it back, wherever it stands in the section.
  if (section.proxy.balance?.algorithm === 'single' && isOwn(section)) return;
  const text = line.text(1) || 'roundrobin';
  const [, name, argument] = /^([a-z_-]+)(?:\((.*)\))?$/s.exec(text) ?? [undefined, text];
  if (REQUEST_ALGORITHMS.includes(name)) {
    readRequestBalance(line, section, name, argument);
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

/** Algorithms that look into requests. Mode tcp falls back to round robin at the section's end (manual, `balance`). */
function readRequestBalance(line: Line, section: ProxySection, name: string, argument: string | undefined): void {
  const balance = REQUEST_READERS[name](line, argument);
  if (!balance) return;
  section.proxy.balance = { ...balance, loc: line.whole };
  mark(section, 'balance', line);
}

const REQUEST_READERS: { readonly [name: string]: (line: Line, argument: string | undefined) => Balance | undefined } =
  {
    uri: readUri,
    url_param: readUrlParam,
    hdr: readHeader,
    hash: readHash,
    'rdp-cookie': () => ({ algorithm: 'roundrobin' }),
  };

/** The words of such an algorithm, for other languages; undefined after a complaint. The first word is 'balance'. */
export function parseRequestBalance(line: Line): Balance | undefined {
  const [, name, argument] = /^([a-z_-]+)(?:\((.*)\))?$/s.exec(line.text(1)) ?? [];
  return name !== undefined && Object.hasOwn(REQUEST_READERS, name) ? REQUEST_READERS[name](line, argument) : undefined;
}

/** `uri [whole] [len N] [depth N] [path-only]`. */
function readUri(line: Line): Balance | undefined {
  const balance: Balance = { algorithm: 'uri' };
  for (let i = 2; line.has(i); i++) {
    const word = line.choice(i, "a word after 'balance uri'", ['len', 'depth', 'whole', 'path-only'] as const);
    if (!word) return undefined;
    if (word === 'whole') balance.isWhole = true;
    else if (word === 'path-only') balance.isPathOnly = true;
    else {
      const value = line.integer(++i, `'${word}'`, { min: 1 });
      if (value === undefined) return undefined;
      balance[word === 'len' ? 'length' : 'depth'] = value;
    }
  }
  return balance;
}

function readUrlParam(line: Line): Balance | undefined {
  if (!line.has(2)) {
    missing(line, 'url_param', "write 'balance url_param NAME'");
    return undefined;
  }
  const balance: Balance = { algorithm: 'url_param', parameter: line.text(2) };
  if (!line.has(3)) return balance;
  if (!line.choice(3, "a word after 'balance url_param'", ['check_post'])) return undefined;
  return { ...balance, checksPost: true };
}

function readHeader(line: Line, argument: string | undefined): Balance | undefined {
  if (!argument) {
    missing(line, 'hdr', "write 'hdr(NAME)'");
    return undefined;
  }
  const balance: Balance = { algorithm: 'hdr', parameter: argument };
  if (!line.has(2)) return balance;
  if (!line.choice(2, "a word after 'balance hdr'", ['use_domain_only'])) return undefined;
  return { ...balance, usesDomainOnly: true };
}

function readHash(line: Line): Balance | undefined {
  if (!line.has(2)) {
    missing(line, 'hash', "write 'balance hash NAME'");
    return undefined;
  }
  const found = readExpression(line, 2, 'use-server');
  return found && { algorithm: 'hash', expression: found.expression };
}

function missing(line: Line, name: string, remedy: string): void {
  line.error('missing-argument', 1, `'balance ${name}' needs what to look at`, remedy);
}

/** What needs requests has none to look at in mode tcp: round robin, in HAProxy as here. Called when the mode is known. */
export function settleBalance({ proxy, diag, kind }: ProxySection): void {
  const algorithm = proxy.balance?.algorithm ?? '';
  if (proxy.mode !== 'tcp' || kind === 'defaults' || !['uri', 'url_param', 'hdr'].includes(algorithm)) return;
  const loc = proxy.balance?.loc;
  const message = `'balance ${algorithm}' needs mode http: ${kind} '${proxy.name}' balances with round robin`;
  diag.warning('balance-http', loc, message, "write 'balance roundrobin', or 'mode http'");
  proxy.balance = { algorithm: 'roundrobin', ...(loc && { loc }) };
}

function unknownAlgorithm(line: Line): void {
  const known = [...ALGORITHMS, ...REQUEST_ALGORITHMS];
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
