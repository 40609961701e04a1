/** Sample expressions (manual §7.3) and the formats that hold them (§8.2.6), as words of a line. */
import { parseExpression } from '../../core/expr/parse-expression.js';
import type { Expression, Format } from '../model.js';
import { didYouMean } from '../suggest.js';
import { missingAt, type Stage } from './availability.js';
import { CONVERTERS, FETCHES_BY_NAME } from './fetches.js';
import type { Line } from './line.js';

interface Call {
  name: string;
  args: string[];
}

/**
 * `fetch(a,b),conv("c,d")` into its calls; a comma at the end is passed over.
 * @param end character behind the expression, '' for the end of the text
 * @returns undefined where parentheses or quotes do not match
 */
export function parseCalls(text: string, from = 0, end = ''): { calls: Call[]; next: number } | undefined {
  const found = parseExpression(end === '' ? text.replace(/,+$/, '') : text, from, end);
  if (found === undefined) return undefined;
  const { fetch, args, converters } = found.expression;
  return { calls: [{ name: fetch, args }, ...converters], next: found.next };
}

/** An expression from word `i` on; converters may also follow as words of their own (an old form). */
export function readExpression(
  line: Line,
  i: number,
  stage: Stage,
): { expression: Expression; next: number } | undefined {
  if (!line.need(i, 'a sample expression')) return undefined;
  const parsed = parseCalls(line.text(i));
  if (!parsed) {
    line.error('bad-expression', i, `unbalanced parentheses or quotes in '${line.text(i)}'`, 'close them');
    return undefined;
  }
  const [fetch, ...converters] = parsed.calls;
  let next = i + 1;
  for (; line.has(next) && isConverterWord(line.text(next)); next++)
    converters.push(...(parseCalls(line.text(next))?.calls ?? []));
  const expression = { fetch: fetch.name, args: fetch.args, converters };
  return checkExpression(line, i, expression, stage) ? { expression, next } : undefined;
}

function isConverterWord(text: string): boolean {
  return CONVERTERS.has(/^[^(),]+/.exec(text)?.[0] ?? '');
}

function checkExpression(line: Line, i: number, { fetch, converters }: Expression, stage: Stage): boolean {
  if (!FETCHES_BY_NAME.has(fetch)) {
    line.error(
      'unknown-fetch',
      i,
      `unknown sample fetch '${fetch}'`,
      didYouMean(fetch, FETCHES_BY_NAME, 'see the sample fetches of the manual, §7.3'),
    );
    return false;
  }
  const wrong = converters.find(({ name }) => !CONVERTERS.has(name));
  if (wrong) {
    line.error('unknown-converter', i, `unknown converter '${wrong.name}'`, didYouMean(wrong.name, CONVERTERS));
    return false;
  }
  const missing = missingAt(fetch, stage);
  if (missing) line.error('unavailable-fetch', i, `'${fetch}' looks at ${missing}`, 'use it where that is there');
  return missing === undefined;
}

/** Names of log-format variables (manual §8.2.4). */
const ALIASES: ReadonlySet<string> = new Set(
  (
    'o B CC CS H HM HP HPO HQ HU HV ID ST T Ta Tc Td Th Ti Tl Tq TR Tr Ts Tt Tu Tw U ac b bc bi bp bq ci cp f fc fi fp ' +
    'ft hr hrl hs hsl lc ms pid r rc rt s sc si sp sq sslc sslv t tr trg trl tsc Ps'
  ).split(' '),
);

/** A format at word `i`: every variable and expression in it must be one. */
export function readFormat(line: Line, i: number, stage: Stage): Format | undefined {
  return checkFormat(line, i, line.text(i), stage);
}

/** The same of a text that is not the word itself. */
export function checkFormat(line: Line, i: number, text: string, stage: Stage): Format | undefined {
  for (let at = text.indexOf('%'); at >= 0; at = text.indexOf('%', at)) {
    const next = checkVariable(line, i, text, at + 1, stage);
    if (next === undefined) return undefined;
    at = next;
  }
  return text;
}

/** Only the expressions of a format: what else is in it is judged when the mode is known. */
export function checkSamples(line: Line, i: number, stage: Stage): boolean {
  const text = line.text(i);
  for (let at = text.indexOf('%['); at >= 0; at = text.indexOf('%[', at + 2)) {
    const parsed = parseCalls(text, at + 2, ']');
    const [fetch, ...converters] = parsed?.calls ?? [];
    const expression = fetch && { fetch: fetch.name, args: fetch.args, converters };
    if (expression && !checkExpression(line, i, expression, stage)) return false;
  }
  return true;
}

/** @returns where the variable that begins behind a percent sign ends */
function checkVariable(line: Line, i: number, text: string, from: number, stage: Stage): number | undefined {
  if (text[from] === '%') return from + 1;
  if (from >= text.length) return refuse(line, i, `'${text}' ends in '%'`, "write '%%' for a percent sign");
  const [flags = ''] = /^\{[^}]*\}|^[-+][A-Z]+/.exec(text.slice(from)) ?? [];
  const at = from + flags.length;
  if (text[at] === '[') return checkSample(line, i, text, at + 1, stage);
  const [name] = /^[A-Za-z0-9]+/.exec(text.slice(at)) ?? [''];
  if (ALIASES.has(name)) return at + name.length;
  if (name === '' && flags !== '') return at;
  const near = didYouMean(name, ALIASES, "write '%%' for a percent sign");
  return refuse(line, i, `unknown variable '%${name}' in '${text}'`, near ?? '');
}

function checkSample(line: Line, i: number, text: string, from: number, stage: Stage): number | undefined {
  const parsed = parseCalls(text, from, ']');
  if (!parsed) return refuse(line, i, `'%[' without a sound expression and ']' in '${text}'`, "write '%[src]'");
  const [fetch, ...converters] = parsed.calls;
  const expression = { fetch: fetch.name, args: fetch.args, converters };
  return checkExpression(line, i, expression, stage) ? parsed.next : undefined;
}

function refuse(line: Line, i: number, message: string, remedy: string): undefined {
  line.error('bad-format', i, message, remedy);
}
