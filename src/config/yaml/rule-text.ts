/** Rules of the model as sentences of the HAProxy language, and words as one line of it. */
import type { Acl, Condition, Deferred, TcpRule } from '../model.js';
import { actionWords } from './action-text.js';
import type { Written } from './codec.js';
import { aclName, quoted, sentence, suffix, testText } from './words-text.js';

/** The line of something that was noted and does not run. */
export function lineOf(deferred: Deferred): string {
  return sentence(deferred.words);
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

export function writeTcpRule({ phase, action, other, condition }: TcpRule): Written {
  const what = other ? sentence(actionWords(other)) : `${action}${action === 'expect-proxy' ? ' layer4' : ''}`;
  return `${phase} ${what}${suffix(condition)}`;
}

/** `use-backend` and `use-server`: a name and its condition. */
export function writeUse(name: string, condition: Condition | undefined): Written {
  return `${quoted(name)}${suffix(condition)}`;
}
