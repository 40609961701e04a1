/** The condition at the end of a rule: its names must be declared above it, in its section (manual §7.2). */
import type { Condition } from '../model.js';
import { didYouMean } from '../suggest.js';
import { isTest, PREDEFINED_ACLS, readCondition } from './acl.js';
import type { Line } from './line.js';
import type { ProxySection } from './section.js';

/** ACLs of a defaults section are its own: the proxies that inherit its rules cannot name them. */
export function scoped(section: ProxySection, name: string): string {
  return section.kind === 'defaults' ? `${section.name}/${name}` : name;
}

/** The condition at word `i`, its names checked and resolved; undefined after a complaint, null where there is none. */
function readRuleCondition(line: Line, i: number, section: ProxySection): Condition | undefined | null {
  if (!line.has(i)) return null;
  const condition = readCondition(line, i);
  if (!condition) return undefined;
  for (const term of condition.anyOf.flat()) if (!resolveTerm(line, i, term, section)) return undefined;
  return condition;
}

/** Puts a rule into the proxy. Whether its condition can be decided is judged when its mode is known (validate/rules.ts). */
export function place(line: Line, i: number, section: ProxySection, put: (condition?: Condition) => void): void {
  const condition = readRuleCondition(line, i, section);
  if (condition !== undefined) put(condition ?? undefined);
}

/** The same where the condition must be there. `what` is the line's name: `monitor fail`. */
export function placeConditional(
  line: Line,
  i: number,
  section: ProxySection,
  put: (condition: Condition) => void,
): void {
  if (!line.has(i)) {
    const what = line.texts.slice(0, i).join(' ');
    line.error('missing-argument', i - 1, `'${what}' needs a condition`, `write '${what} if CONDITION'`);
    return;
  }
  place(line, i, section, (condition) => condition && put(condition));
}

/** For lines that do not run: a condition at their end must still make sense, as it must for HAProxy. */
export function checkTrailingCondition(line: Line, section: ProxySection): void {
  const at = line.words.findLastIndex((word, i) => i > 0 && (word.text === 'if' || word.text === 'unless'));
  if (at > 0 && line.has(at + 1)) readRuleCondition(line, at, section);
}

/** A name must be declared above, in this section, or be one of the predefined. */
function resolveTerm(line: Line, i: number, term: Condition['anyOf'][number][number], section: ProxySection): boolean {
  if (term.acl === undefined) return true;
  const name = scoped(section, term.acl);
  if (section.proxy.acls.some((acl) => acl.name === name)) {
    term.acl = name;
    return true;
  }
  const predefined = Object.hasOwn(PREDEFINED_ACLS, term.acl) ? PREDEFINED_ACLS[term.acl] : undefined;
  if (predefined) {
    delete term.acl;
    term.test = structuredClone(predefined);
    return true;
  }
  const at = line.words.findIndex((word, n) => n > i && word.text.replace(/^!+/, '') === term.acl);
  line.error('unknown-acl', Math.max(i, at), `no ACL '${term.acl}' is declared above`, remedyFor(term.acl, section));
  return false;
}

/** The name may be a test that stands without its braces, or a slip of the pen. */
function remedyFor(name: string, section: ProxySection): string | undefined {
  if (isTest(name)) return `write the test between braces, with spaces: '{ ${name} … }'`;
  const declared = section.proxy.acls.map((acl) => acl.name);
  const otherwise = `add 'acl ${name} …' in front of this line, in this section`;
  return didYouMean(name, [...declared, ...Object.keys(PREDEFINED_ACLS)], otherwise);
}
