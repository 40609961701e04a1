/** Rules of the model as sentences of the HAProxy language, and words as one line of it. */
import type { Acl, AclTest, Condition, Deferred, TcpRule } from '../model.js';
import type { Written } from './codec.js';

/** One word so that the HAProxy reader finds it again: plain where it can be, else in strong quotes. */
function quoted(word: string): string {
  if (/^[A-Za-z0-9_.:/,()*+=%@^<>&|!{}?;~[\]-]+$/.test(word)) return word;
  const parts = word.split(/(['\n\r\t])/).filter((part) => part !== '');
  return parts.length === 0 ? "''" : parts.map((part) => ESCAPES[part] ?? `'${part}'`).join('');
}

const ESCAPES: { readonly [character: string]: string } = { "'": "\\'", '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** The line of something that was noted and does not run. */
export function lineOf(deferred: Deferred): string {
  return deferred.words.map(quoted).join(' ');
}

function testText({ fetch, args, converters, flags, match, patterns }: AclTest): string {
  const expression = [{ name: fetch, args }, ...converters].map(callText).join(',');
  // A pattern that looks like a flag needs the mark that ends flags.
  const mark = /^-(?!\d)/.test(patterns[0] ?? '') ? ['--'] : [];
  return [expression, ...flags, ...(match === undefined ? [] : ['-m', match]), ...mark, ...patterns]
    .map(quoted)
    .join(' ');
}

function callText({ name, args }: { name: string; args: string[] }): string {
  return args.length === 0 ? name : `${name}(${args.join(',')})`;
}

function conditionText({ anyOf }: Condition): string {
  const term = ({ negate, acl, test }: Condition['anyOf'][number][number]) =>
    `${negate ? '!' : ''}${test ? `{ ${testText(test)} }` : quoted(aclName(acl ?? ''))}`;
  // 'if or' is HAProxy's way to write no alternative at all: it never holds.
  return anyOf.length === 0 ? 'or' : anyOf.map((terms) => terms.map(term).join(' ')).join(' or ');
}

/** ACLs of a defaults section carry its name and a slash, which no section of its own may use. */
function aclName(name: string): string {
  return name.replace('/', '.').replace(/^\./, 'defaults.');
}

/** By name where the tests of a name stand together, else one line each. */
export function writeAcls(acls: readonly Acl[]): Written {
  const names = acls.map((acl) => aclName(acl.name));
  const isGrouped = names.every((name, i) => i === 0 || name === names[i - 1] || !names.slice(0, i).includes(name));
  if (!isGrouped) return acls.map((acl) => `${quoted(aclName(acl.name))} ${testText(acl.test)}`);
  const tests = new Map<string, Written[]>();
  for (const acl of acls) tests.set(aclName(acl.name), [...(tests.get(aclName(acl.name)) ?? []), testText(acl.test)]);
  return new Map([...tests].map(([name, each]) => [name, each.length === 1 ? each[0] : each]));
}

export function writeTcpRule({ phase, action, condition }: TcpRule): Written {
  return `${phase} ${action}${action === 'expect-proxy' ? ' layer4' : ''}${suffix(condition)}`;
}

/** `use-backend` and `use-server`: a name and its condition. */
export function writeUse(name: string, condition: Condition | undefined): Written {
  return `${quoted(name)}${suffix(condition)}`;
}

function suffix(condition: Condition | undefined): string {
  return condition ? ` ${condition.when} ${conditionText(condition)}` : '';
}
