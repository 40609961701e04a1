/** Words, expressions and conditions of the model as text of the HAProxy language. */
import type { AclTest, Condition, Expression } from '../model.js';

/** One word so that the HAProxy reader finds it again: plain where it can be, else in strong quotes. */
export function quoted(word: string): string {
  if (/^[A-Za-z0-9_.:/,()*+=%@^<>&|!{}?;~[\]-]+$/.test(word)) return word;
  const parts = word.split(/(['\n\r\t])/).filter((part) => part !== '');
  return parts.length === 0 ? "''" : parts.map((part) => ESCAPES[part] ?? `'${part}'`).join('');
}

const ESCAPES: { readonly [character: string]: string } = { "'": "\\'", '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** A line of words. */
export function sentence(words: readonly string[]): string {
  return words.map(quoted).join(' ');
}

/** One word, not quoted yet. */
export function expressionWord({ fetch, args, converters }: Expression): string {
  return [{ name: fetch, args }, ...converters].map(callText).join(',');
}

function callText({ name, args }: { name: string; args: string[] }): string {
  return args.length === 0 ? name : `${name}(${args.map(argumentText).join(',')})`;
}

/** Arguments have quotes of their own (manual §2.2). */
function argumentText(arg: string): string {
  if (!/[\s,()"'\\]/.test(arg)) return arg;
  const escaped = arg.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t');
  return `"${escaped}"`;
}

export function testText({ flags, match, patterns, ...expression }: AclTest): string {
  // A pattern that looks like a flag needs the mark that ends flags.
  const mark = /^-(?!\d)/.test(patterns[0] ?? '') ? ['--'] : [];
  const words = [...flags, ...(match === undefined ? [] : ['-m', match]), ...mark, ...patterns];
  return sentence([expressionWord(expression), ...words]);
}

function conditionText({ anyOf }: Condition): string {
  const term = ({ negate, acl, test }: Condition['anyOf'][number][number]) =>
    `${negate ? '!' : ''}${test ? `{ ${testText(test)} }` : quoted(aclName(acl ?? ''))}`;
  // 'if or' is HAProxy's way to write no alternative at all: it never holds.
  return anyOf.length === 0 ? 'or' : anyOf.map((terms) => terms.map(term).join(' ')).join(' or ');
}

/** ACLs of a defaults section carry its name and a slash, which no section of its own may use. */
export function aclName(name: string): string {
  return name.replace('/', '.').replace(/^\./, 'defaults.');
}

/** What follows a rule: a space and its condition, if it has one. */
export function suffix(condition: Condition | undefined): string {
  return condition ? ` ${conditionWhole(condition)}` : '';
}

export function conditionWhole(condition: Condition): string {
  return `${condition.when} ${conditionText(condition)}`;
}
