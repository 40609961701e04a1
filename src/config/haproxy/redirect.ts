/** `redirect location|prefix|scheme …`, as a line and as an action (manual §4.2). */
import type { Redirect } from '../model.js';
import { didYouMean } from '../suggest.js';
import type { Stage } from './availability.js';
import { readFormat } from './expression.js';
import type { Line } from './line.js';

const CODES: readonly number[] = [301, 302, 303, 307, 308];
const WORDS = ['location', 'prefix', 'scheme', 'code', 'set-cookie', 'clear-cookie'];
const FLAGS = ['drop-query', 'append-slash', 'ignore-empty'];

/**
 * @param stage where its formats are evaluated; null = the target is literal text (manual, `redirect`)
 * @returns the redirect and the first word behind it; undefined after a complaint
 */
export function readRedirect(
  line: Line,
  from: number,
  stage: Stage | null,
): { redirect: Redirect; next: number } | undefined {
  const redirect: Partial<Redirect> = { code: 302 };
  let i = from;
  for (; line.has(i) && line.text(i) !== 'if' && line.text(i) !== 'unless'; i += FLAGS.includes(line.text(i)) ? 1 : 2)
    if (!readPart(line, i, redirect, stage)) return undefined;
  const { kind, value, code = 302 } = redirect;
  if (kind !== undefined && value !== undefined) return { redirect: { ...redirect, kind, value, code }, next: i };
  line.error(
    'missing-argument',
    Math.min(from, i),
    'a redirect needs a target',
    "write 'location', 'prefix' or 'scheme'",
  );
  return undefined;
}

function readPart(line: Line, i: number, to: Partial<Redirect>, stage: Stage | null): boolean {
  const word = line.text(i);
  if (FLAGS.includes(word)) return setFlag(to, word);
  if (!WORDS.includes(word)) {
    const isTarget = /^\/|:\/\//.test(word);
    const otherwise = isTarget ? `write 'location ${word}'` : `write some of ${[...WORDS, ...FLAGS].join(', ')}`;
    const near = didYouMean(word, [...WORDS, ...FLAGS], otherwise);
    line.error('bad-value', i, `unknown word '${word}' in a redirect`, near);
    return false;
  }
  if (line.words[i + 1] === undefined) {
    line.error('missing-argument', i, `'${word}' needs a value`, `write it after '${word}'`);
    return false;
  }
  if (word === 'code') return readCode(line, i + 1, to);
  if (word === 'set-cookie' || word === 'clear-cookie') {
    to[word === 'set-cookie' ? 'setCookie' : 'clearCookie'] = line.text(i + 1);
    return true;
  }
  to.kind = word as Redirect['kind'];
  to.value = stage === null ? line.text(i + 1) : readFormat(line, i + 1, stage);
  return to.value !== undefined;
}

function setFlag(to: Partial<Redirect>, word: string): true {
  if (word === 'drop-query') to.dropsQuery = true;
  else if (word === 'append-slash') to.appendsSlash = true;
  else to.ignoresEmpty = true;
  return true;
}

function readCode(line: Line, i: number, to: Partial<Redirect>): boolean {
  const code = Number(line.text(i));
  if (CODES.includes(code)) to.code = code as Redirect['code'];
  else
    line.error('bad-value', i, `a redirect cannot have the code '${line.text(i)}'`, `write one of ${CODES.join(', ')}`);
  return CODES.includes(code);
}
