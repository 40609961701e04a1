/** ACL tests and conditions (manual §7.1 and §7.2): `src 10.0.0.0/8`, `if a !b or { dst_port 80 }`. */
import { readFileSync } from 'node:fs';
import { isIPv4, isIPv6 } from 'node:net';
import { FETCHES } from '../../core/expr/fetches.js';
import type { Diagnostics, Loc } from '../diagnostics.js';
import type { AclTest, Condition } from '../model.js';
import { didYouMean } from '../suggest.js';
import { parseCalls } from './expression.js';
import {
  ACL_FETCHES,
  CONNECTION_FETCHES,
  CONVERTERS,
  FETCHES_BY_NAME,
  REQUEST_FETCHES,
  RESPONSE_FETCHES,
} from './fetches.js';
import { Line } from './line.js';
import { splitWords } from './words.js';

const METHODS = ['found', 'bool', 'int', 'ip', 'bin', 'len', 'str', 'sub', 'reg', 'beg', 'end', 'dir', 'dom'];
const ALL_FETCHES = [CONNECTION_FETCHES, REQUEST_FETCHES, RESPONSE_FETCHES, ACL_FETCHES];
const OPERATORS = ['eq', 'ge', 'gt', 'le', 'lt'];

/** ACLs that exist without being declared (manual §7.4). */
export const PREDEFINED_ACLS: { [name: string]: AclTest } = {
  TRUE: test('always_true'),
  FALSE: test('always_false'),
  LOCALHOST: test('src', ['127.0.0.0/8', '::1']),
  WAIT_END: test('wait_end'),
  HTTP: test('req.proto_http'),
  'HTTP_1.0': test('req.ver', ['1.0']),
  'HTTP_1.1': test('req.ver', ['1.1']),
  'HTTP_2.0': test('req.ver', ['2.0']),
  HTTP_CONTENT: test('req.hdr_val', ['gt', '0'], ['content-length']),
  HTTP_URL_ABS: test('url_reg', ['^[^/:]*://']),
  HTTP_URL_SLASH: test('url_beg', ['/']),
  HTTP_URL_STAR: test('url', ['*']),
  RDP_COOKIE: test('req.rdp_cookie_cnt', ['gt', '0']),
  REQ_CONTENT: test('req.len', ['gt', '0']),
  ...Object.fromEntries(
    ['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'TRACE'].map((method) => [
      `METH_${method}`,
      test('method', method === 'GET' ? ['GET', 'HEAD'] : [method]),
    ]),
  ),
};

function test(fetch: string, patterns: string[] = [], args: string[] = []): AclTest {
  return { fetch, args, converters: [], flags: [], patterns };
}

/** Reads a test from the words `from` to `end` (exclusive). */
export function readAclTest(line: Line, from: number, end: number): AclTest | undefined {
  const expression = line.text(from);
  if (from >= end || expression === '')
    return complain(line, from - 1, 'missing-argument', 'a test is missing', "write such as 'src 10.0.0.0/8'");
  const parts = parseCalls(expression)?.calls;
  if (!parts)
    return complain(line, from, 'bad-expression', `unbalanced parentheses or quotes in '${expression}'`, 'close them');
  const [fetch, ...converters] = parts;
  if (!isKnownFetch(line, from, fetch.name)) return undefined;
  const wrong = converters.find((converter) => !CONVERTERS.has(converter.name));
  if (wrong)
    return complain(
      line,
      from,
      'unknown-converter',
      `unknown converter '${wrong.name}'`,
      didYouMean(wrong.name, CONVERTERS),
    );
  const flags = readFlags(line, from + 1, end);
  if (!flags) return undefined;
  const patterns = [...flags.patterns, ...line.words.slice(flags.next, end).map((word) => word.text)];
  const found: AclTest = { fetch: fetch.name, args: fetch.args, converters, flags: flags.flags, patterns };
  if (flags.match !== undefined) found.match = flags.match;
  if (matchOf(found) === 'integer') found.patterns = patterns.map(colonRange);
  return checkPatterns(line, flags.next, found) ? found : undefined;
}

/** A test written as text, for other languages; `at` is the place of its first character. */
export function parseAclTest(text: string, at: Loc, diag: Diagnostics): AclTest | undefined {
  const line = lineOf(text, at, diag);
  return line && readAclTest(line, 0, line.words.length);
}

/** A condition written as text, beginning with `if` or `unless`; `at` is the place of its first character. */
export function parseCondition(text: string, at: Loc, diag: Diagnostics): Condition | undefined {
  const line = lineOf(text, at, diag);
  return line && readCondition(line, 0);
}

function lineOf(text: string, at: Loc, diag: Diagnostics): Line | undefined {
  const words = splitWords(text, at, () => undefined);
  if (!Array.isArray(words)) {
    diag.error(words.code, words.loc, words.message, words.remedy);
    return undefined;
  }
  if (words.length > 0) return new Line(words, diag);
  diag.error('missing-argument', at, 'a condition is missing', "write such as 'if { src 10.0.0.0/8 }'");
  return undefined;
}

/** Reads `if|unless …` from word `i` to the end of the line. */
export function readCondition(line: Line, i: number): Condition | undefined {
  const when = line.choice(i, "'if' or 'unless'", ['if', 'unless'] as const);
  if (!when) return undefined;
  if (!line.has(i + 1))
    return complain(
      line,
      i,
      'missing-argument',
      `a condition is missing after '${when}'`,
      "write an ACL name, or a test such as '{ src 10.0.0.0/8 }'",
    );
  const reader = new ConditionReader(line, i + 1);
  const anyOf = reader.run();
  return anyOf && { when, anyOf, loc: line.loc(i) };
}

type Term = Condition['anyOf'][number][number];

/** Alternatives of conjunctions; `!` may touch its term or stand alone. */
class ConditionReader {
  private readonly anyOf: Term[][] = [[]];
  private isNegated = false;

  constructor(
    private readonly line: Line,
    private i: number,
  ) {}

  run(): Term[][] | undefined {
    while (this.line.has(this.i)) if (!this.word()) return undefined;
    return this.anyOf.filter((terms) => terms.length > 0);
  }

  private word(): boolean {
    let text = this.line.text(this.i);
    if (text === 'or' || text === '||') {
      this.anyOf.push([]);
      this.i++;
      return true;
    }
    for (; text.startsWith('!'); text = text.slice(1)) this.isNegated = !this.isNegated;
    if (text === '{') return this.anonymous();
    if (text !== '') this.add({ negate: this.isNegated, acl: text });
    this.i++;
    return true;
  }

  private anonymous(): boolean {
    const end = this.line.words.findIndex((word, at) => at > this.i && word.text === '}');
    if (end < 0) {
      this.line.error('bad-condition', this.i, "'{' without '}'", "close the test with ' }', with a space in front");
      return false;
    }
    const found = readAclTest(this.line, this.i + 1, end);
    if (!found) return false;
    this.add({ negate: this.isNegated, test: found });
    this.i = end + 1;
    return true;
  }

  private add(term: Term): void {
    this.anyOf[this.anyOf.length - 1].push(term);
    this.isNegated = false;
  }
}

/** Whether a word begins as a test does: `path_beg`, `hdr(host)`. */
export function isTest(word: string): boolean {
  const name = word.replace(/[(,].*$/s, '');
  const base = baseFetch(name);
  return ALL_FETCHES.some((set) => set.has(name) || set.has(base));
}

function isKnownFetch(line: Line, i: number, name: string): boolean {
  if (isTest(name)) return true;
  const known = ALL_FETCHES.flatMap((set) => [...set]);
  line.error(
    'unknown-fetch',
    i,
    `unknown test '${name}'`,
    didYouMean(name, known, 'see the sample fetches of the manual, §7.3'),
  );
  return false;
}

/** The sample fetch of a test, without the matching method in its name. */
export function fetchOf(test: AclTest): string {
  return FETCHES_BY_NAME.has(test.fetch) ? test.fetch : baseFetch(test.fetch);
}

/** `path_beg` is `path`: the matching method is part of the name. */
function baseFetch(name: string): string {
  return ACL_FETCHES.has(name) ? name.replace(/_(beg|dir|dom|end|len|reg|sub)$/, '') : name;
}

function readFlags(
  line: Line,
  from: number,
  end: number,
): { flags: string[]; patterns: string[]; match?: string; next: number } | undefined {
  const flags: string[] = [];
  const patterns: string[] = [];
  let match: string | undefined;
  let i = from;
  for (; i < end && line.text(i).startsWith('-'); i++) {
    const flag = line.text(i);
    if (flag === '--') return { flags, patterns, match, next: i + 1 };
    if (flag === '-m') match = line.choice(++i, 'a matching method', METHODS);
    else if (flag === '-i' || flag === '-n' || flag === '-M') flags.push(flag);
    else if (flag === '-u') flags.push(flag, line.text(++i));
    else if (flag === '-f' && !readPatternFile(line, ++i, flags.includes('-M'), patterns)) return undefined;
    else if (flag === '-f') continue;
    else
      return complain(
        line,
        i,
        'bad-flag',
        `unknown flag '${flag}'`,
        "write one of -i -n -f -m -u, or '--' in front of a pattern that begins with a dash",
      );
    if (flag === '-m' && !match) return undefined;
  }
  return { flags, patterns, match, next: i };
}

/**
 * `-f FILE`: one pattern a line, leading and trailing blanks and lines that begin with '#' left out (manual §7.1.1);
 * behind `-M` the file is a map, and its keys are the patterns.
 * The patterns are taken as the file is now; a reload reads it again.
 */
function readPatternFile(line: Line, i: number, isMap: boolean, into: string[]): boolean {
  const path = line.text(i);
  try {
    const lines = readFileSync(path, 'utf8').split('\n');
    const patterns = lines.filter((text) => !text.startsWith('#')).map((text) => text.trim());
    into.push(...patterns.filter((text) => text !== '').map((text) => (isMap ? text.split(/[ \t]/, 1)[0] : text)));
    return true;
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    complain(line, i, 'unreadable-pattern-file', `cannot read the pattern file '${path}' (${reason})`, 'create it');
    return false;
  }
}

/** How a test compares: by its `-m`, or by what its fetch returns; undefined where that is not known here. */
function matchOf(test: AclTest): string | undefined {
  if (test.match !== undefined) return test.match === 'int' ? 'integer' : test.match;
  const isPlain = Object.hasOwn(FETCHES, test.fetch) && test.converters.length === 0;
  return isPlain ? FETCHES[test.fetch].kind : undefined;
}

/** `1024-2000` is `1024:2000`. */
function colonRange(pattern: string): string {
  return pattern.replace(/^(\d+)-(\d*)$/, '$1:$2');
}

function checkPatterns(line: Line, from: number, found: AclTest): boolean {
  const match = matchOf(found);
  if (found.fetch === 'var' && found.converters.length === 0 && found.match === undefined) {
    line.error('missing-match', from - 1, 'a variable may hold anything: how is it to be compared?', "write '-m str'");
    return false;
  }
  const needsPattern = match === 'ip' || match === 'integer';
  if (needsPattern && found.patterns.length === 0 && !found.match) {
    const remedy = 'write a value after it';
    line.warning('never-matches', from - 1, `'${found.fetch}' has nothing to compare with and never matches`, remedy);
  }
  for (const [n, pattern] of found.patterns.entries()) {
    const problem = match === 'ip' ? ipProblem(pattern) : match === 'integer' ? integerProblem(pattern) : undefined;
    if (problem === undefined) continue;
    const remedy = match === 'ip' ? "write such as '10.0.0.0/8'" : "write such as '80', '80:90' or 'ge 1024'";
    line.error('bad-pattern', Math.min(from + n, line.words.length - 1), problem, remedy);
    return false;
  }
  return true;
}

/** An address, or a network with its mask in bits or as an address. */
export function isNetwork(text: string): boolean {
  return ipProblem(text) === undefined;
}

function ipProblem(pattern: string): string | undefined {
  const [address, mask, ...more] = pattern.split('/');
  const isBitMask = mask !== undefined && /^\d+$/.test(mask) && Number(mask) <= (isIPv6(address) ? 128 : 32);
  const isGood =
    (isIPv4(address) || isIPv6(address)) &&
    more.length === 0 &&
    (mask === undefined || isBitMask || (isIPv4(address) && isIPv4(mask)));
  return isGood ? undefined : `'${pattern}' is not an IP address or network`;
}

function integerProblem(pattern: string): string | undefined {
  if (OPERATORS.includes(pattern) || /^-?\d+$/.test(pattern)) return undefined;
  const [, low, high] = /^(-?\d*):(-?\d*)$/.exec(pattern) ?? [];
  const isBackwards = low !== '' && high !== '' && Number(low) > Number(high);
  if (low !== undefined && !isBackwards) return undefined;
  return `'${pattern}' is not a number, a range or an operator`;
}

function complain(line: Line, i: number, code: string, message: string, remedy?: string): undefined {
  line.error(code, Math.max(0, i), message, remedy);
}
