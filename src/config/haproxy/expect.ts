/** `http-check expect` and `tcp-check expect` (manual §4.2). */
import { compileCheckText, compileStatusCode } from '../../core/check-text/text.js';
import type { CheckStep, TextMatch } from '../model.js';
import { withoutUndefined } from './checks.js';
import type { Line } from './line.js';

type Expect = CheckStep & { do: 'expect' };
type Match = Expect['match'];

const HTTP_MATCHES = ['status', 'rstatus', 'string', 'rstring', 'string-lf', 'hdr', 'fhdr'];
const TCP_MATCHES = ['string', 'rstring', 'string-lf', 'binary', 'rbinary', 'binary-lf'];

/** Words in front of the match that take one value, and the statuses three of them may have. */
const STATUSES: { [option: string]: readonly string[] } = {
  'ok-status': ['L7OK', 'L7OKC', 'L6OK', 'L4OK'],
  'error-status': ['L7OKC', 'L7RSP', 'L7STS', 'L6RSP', 'L4CON'],
  'tout-status': ['L7TOUT', 'L6TOUT', 'L4TOUT'],
};
const OPTIONS = ['min-recv', 'comment', 'on-success', 'on-error', 'status-code', ...Object.keys(STATUSES)];

/** Reads the words from `from` on: options and one match, in any order but each with its value. */
export function readExpect(line: Line, from: number, kind: 'http' | 'tcp'): CheckStep | undefined {
  const step: Partial<Expect> = {};
  const matches = kind === 'http' ? HTTP_MATCHES : TCP_MATCHES;
  if (!line.has(from)) return missing(line, `expect needs what to look for: one of ${matches.join(', ')}`);
  let i = from;
  while (line.has(i)) {
    const next = OPTIONS.includes(line.text(i)) ? readOption(line, i, step) : readMatch(line, i, step, matches);
    if (next === undefined) return undefined;
    i = next;
  }
  if (step.match === undefined || step.pattern === undefined)
    return missing(line, `expect needs a pattern: one of ${matches.join(', ')}`);
  return withoutUndefined({
    ...step,
    do: 'expect',
    negate: step.negate ?? false,
    match: step.match,
    pattern: step.pattern,
  });
}

function missing(line: Line, message: string): undefined {
  line.error('missing-argument', 1, message, "write such as 'expect string OK'");
}

function readOption(line: Line, i: number, step: Partial<Expect>): number | undefined {
  const name = line.text(i);
  if (line.words.length <= i + 1) return missing(line, `'${name}' needs a value`);
  const value = line.text(i + 1);
  if (name === 'min-recv') step.minRecv = line.looseInteger(i + 1, "'min-recv'", { min: -1 });
  else if (name === 'comment') step.comment = value;
  else if (name === 'on-success') step.onSuccess = readText(line, i + 1);
  else if (name === 'on-error') step.onError = readText(line, i + 1);
  else if (name === 'status-code') step.statusCode = readStatusCode(line, i + 1);
  else return readStatus(line, i, step);
  return i + 2;
}

/** A log-format text. What has no value in checks is left out of it, and said. */
function readText(line: Line, i: number): string {
  for (const problem of compileCheckText(line.text(i)).problems)
    line.warning('bad-log-format', i, `${problem}: it is left out of the text`, 'write the text itself');
  return line.text(i);
}

function readStatusCode(line: Line, i: number): string {
  for (const problem of compileStatusCode(line.text(i)).problems)
    line.warning('bad-expression', i, `${problem}: there is no such code`, "write such as 'res.payload(0,3)'");
  return line.text(i);
}

function readStatus(line: Line, i: number, step: Partial<Expect>): number | undefined {
  const name = line.text(i);
  const status = line.choice(i + 1, 'a check status', STATUSES[name]);
  if (status === undefined) return undefined;
  if (name === 'ok-status') step.okStatus = status;
  else if (name === 'error-status') step.errorStatus = status;
  else step.timeoutStatus = status;
  return i + 2;
}

/** `[!] MATCH PATTERN`; the exclamation mark may touch the word, and several cancel each other. */
function readMatch(line: Line, from: number, step: Partial<Expect>, matches: readonly string[]): number | undefined {
  let i = from;
  let word = line.text(i);
  for (step.negate = false; word.startsWith('!'); step.negate = !step.negate) {
    word = word.slice(1);
    if (word === '') word = line.text(++i);
  }
  if (!matches.includes(word)) {
    line.error(
      'unknown-keyword',
      i,
      `unknown expect word '${line.text(i)}'`,
      `write one of ${matches.join(', ')}; spaces in a pattern need quotes`,
    );
    return undefined;
  }
  if (step.match !== undefined) {
    line.error('extra-argument', i, `a second pattern, '${word}'`, 'write one expect line per pattern');
    return undefined;
  }
  if (line.words.length <= i + 1) return missing(line, `'${word}' needs a pattern`);
  return word === 'hdr' || word === 'fhdr'
    ? readHeader(line, i, step, word === 'fhdr')
    : readPattern(line, i, step, word);
}

function readPattern(line: Line, i: number, step: Partial<Expect>, word: string): number | undefined {
  const text = line.text(i + 1);
  step.match = word.replace('-lf', '') as Match;
  step.pattern = decodePattern(step.match, text.replaceAll('%%', word.endsWith('-lf') ? '%' : '%%'));
  const problem = patternProblem(step.match, text, word);
  if (problem === undefined) return i + 2;
  line.error('bad-pattern', i + 1, problem.message, problem.remedy);
  return undefined;
}

/** Binary patterns are kept as the bytes they stand for, in a latin1 string; text is the bytes of the file. */
function decodePattern(match: Match, text: string): string {
  if (match === 'binary') return Buffer.from(text, 'hex').toString('latin1');
  return match === 'string' ? Buffer.from(text, 'utf8').toString('latin1') : text;
}

function patternProblem(match: Match, text: string, word: string): { message: string; remedy: string } | undefined {
  if (word.endsWith('-lf') && text.replaceAll('%%', '').includes('%')) {
    return { message: `variables in check texts are not supported: '${text}'`, remedy: 'write the text itself' };
  }
  if (match === 'status' && !/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(text)) {
    return {
      message: `'${text}' is not a list of status codes`,
      remedy: "write codes and ranges without spaces, such as '200,301-303'",
    };
  }
  if (match === 'binary' && !/^([0-9a-fA-F]{2})+$/.test(text)) {
    return { message: `'${text}' is not a row of hexadecimal pairs`, remedy: "write pairs such as '2b504f'" };
  }
  if (match.startsWith('r') && !isRegex(text)) {
    return { message: `'${text}' is not a regular expression`, remedy: 'escape what it should match literally' };
  }
  return undefined;
}

function readHeader(line: Line, i: number, step: Partial<Expect>, full: boolean): number | undefined {
  const name = readTextMatch(line, i + 1, 'name');
  if (!name) return undefined;
  const hasValue = line.text(name.next) === 'value' || line.text(name.next) === 'value-lf';
  const value = hasValue ? readTextMatch(line, name.next, 'value') : undefined;
  if (hasValue && !value) return undefined;
  step.match = 'header';
  step.pattern = line.texts.slice(i, value?.next ?? name.next).join(' ');
  step.header = { full, name: name.match };
  if (value) step.header.value = value.match;
  return value?.next ?? name.next;
}

/** `name [-m METHOD] TEXT`. */
function readTextMatch(line: Line, i: number, word: 'name' | 'value'): { match: TextMatch; next: number } | undefined {
  if (line.text(i) !== word && line.text(i) !== `${word}-lf`)
    return missing(line, `'hdr' needs '${word}' and a pattern`);
  const hasMethod = line.text(i + 1) === '-m';
  const method = hasMethod
    ? line.choice(i + 2, 'a matching method', ['str', 'beg', 'end', 'sub', 'reg'] as const)
    : 'str';
  const at = hasMethod ? i + 3 : i + 1;
  if (!method) return undefined;
  if (!line.has(at)) return missing(line, `'${word}' needs a pattern`);
  if (method === 'reg' && !isRegex(line.text(at))) {
    line.error(
      'bad-pattern',
      at,
      `'${line.text(at)}' is not a regular expression`,
      'escape what it should match literally',
    );
    return undefined;
  }
  return { match: { method, text: line.text(at) }, next: at + 1 };
}

function isRegex(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false; // The only thing RegExp throws is that the text is no pattern, which is the answer.
  }
}
