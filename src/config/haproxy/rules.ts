/** ACLs and the rules that use them: `acl`, `tcp-request`, `use_backend`, `use-server` (manual §4.2). */
import type { Condition, TcpRule } from '../model.js';
import { PREDEFINED_ACLS, reachOf, readAclTest, readCondition } from './acl.js';
import type { Line } from './line.js';
import { defer, mark, type ProxyKeywords, type ProxySection } from './section.js';

export const RULE_KEYWORDS: ProxyKeywords = {
  acl: { in: 'nfb', read: readAcl },
  'tcp-request': { in: 'nfb', read: readTcpRequest },
  use_backend: { in: 'f', read: readUseBackend },
  'use-server': { in: 'b', read: readUseServer },
  default_backend: { in: 'df', read: readDefaultBackend },
};

/** Actions that do not run, and without which connections still go where they should. */
const LATER_ACTIONS = [
  ...['capture', 'set-mark', 'set-tos', 'set-fc-mark', 'set-fc-tos', 'set-var', 'set-var-fmt', 'unset-var'],
  ...['sc-add-gpc', 'sc-inc-gpc', 'sc-inc-gpc0', 'sc-inc-gpc1', 'sc-set-gpt', 'sc-set-gpt0'],
  ...['track-sc', 'track-sc0', 'track-sc1', 'track-sc2'],
];
const LATER_CONTENT_ACTIONS = [
  ...['do-resolve', 'set-bandwidth-limit', 'set-log-level', 'set-nice', 'set-priority-class', 'set-priority-offset'],
  ...['set-bc-mark', 'set-bc-tos'],
];

/** Actions without which others are let in, or connections go elsewhere: in mode tcp these are errors. */
const DECISIVE_ACTIONS = ['set-dst', 'set-dst-port', 'set-src', 'set-src-port', 'expect-netscaler-cip', 'attach-srv'];
const DECISIVE_CONTENT_ACTIONS = ['send-spoe-group', 'switch-mode', 'use-service', 'ot-group', 'close'];

function readAcl(line: Line, section: ProxySection): void {
  if (!line.need(1, 'a name and a test')) return;
  const name = line.text(1);
  const wrong = /[^A-Za-z0-9_.:-]/.exec(name)?.[0];
  if (wrong) {
    line.error('bad-name', 1, `'${wrong}' cannot stand in the ACL name '${name}'`, 'use letters, digits, and - _ . :');
    return;
  }
  const end = line.words.findIndex((word, i) => i > 1 && word.text === '');
  const test = readAclTest(line, 2, end < 0 ? line.words.length : end);
  if (!test) return;
  section.proxy.acls.push({ name: scoped(section, name), test, loc: line.whole });
  const isPredefined = Object.hasOwn(PREDEFINED_ACLS, name);
  if (isPredefined)
    line.warning(
      'predefined-acl',
      1,
      `this replaces the predefined ACL '${name}' in the section`,
      'choose another name',
    );
  if (reachOf(test) === 'later') defer(line, section.proxy.deferred, 'this test comes with a later version');
}

/** ACLs of a defaults section are its own: the proxies that inherit its rules cannot name them. */
function scoped(section: ProxySection, name: string): string {
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
  line.error(
    'unknown-acl',
    Math.max(i, at),
    `no ACL '${term.acl}' is declared above`,
    `add 'acl ${term.acl} …' in front of this line, in this section`,
  );
  return false;
}

/** Puts a rule into the proxy. Whether its condition can be decided is judged when its mode is known (validate/rules.ts). */
function place(line: Line, i: number, section: ProxySection, put: (condition?: Condition) => void): void {
  const condition = readRuleCondition(line, i, section);
  if (condition !== undefined) put(condition ?? undefined);
}

/** For lines that do not run: a condition at their end must still make sense, as it must for HAProxy. */
export function checkTrailingCondition(line: Line, section: ProxySection): void {
  const at = line.words.findLastIndex((word, i) => i > 0 && (word.text === 'if' || word.text === 'unless'));
  if (at > 0 && line.has(at + 1)) readRuleCondition(line, at, section);
}

function readTcpRequest(line: Line, section: ProxySection): void {
  const phase = line.choice(1, 'a tcp-request rule', ['connection', 'session', 'content', 'inspect-delay'] as const);
  if (!phase) return;
  if (phase === 'inspect-delay') section.proxy.inspectDelayMs = line.duration(2, "'tcp-request inspect-delay'");
  else if (phase !== 'content' && section.kind === 'backend') {
    line.error(
      'wrong-section',
      1,
      `'tcp-request ${phase}' cannot stand in a backend`,
      "write it in the frontend, or use 'tcp-request content'",
    );
  } else readTcpRule(line, section, phase);
}

function readTcpRule(line: Line, section: ProxySection, phase: TcpRule['phase']): void {
  const word = line.text(2).replace(/\(.*$/s, '');
  const more = phase === 'content';
  const isDecisive = [...DECISIVE_ACTIONS, ...(more ? DECISIVE_CONTENT_ACTIONS : [])].includes(word);
  if (isDecisive || [...LATER_ACTIONS, ...(more ? LATER_CONTENT_ACTIONS : [])].includes(word)) {
    checkTrailingCondition(line, section);
    defer(line, section.proxy.deferred, 'this action comes with a later version', isDecisive);
    return;
  }
  const known = [
    'accept',
    'reject',
    'silent-drop',
    ...(phase === 'connection' ? ['expect-proxy'] : []),
  ] as TcpRule['action'][];
  const action = line.choice(2, 'an action', known);
  if (!action) return;
  const isProxy = action === 'expect-proxy';
  if (isProxy && line.text(3) !== 'layer4') {
    line.error('missing-argument', 2, "'expect-proxy' needs 'layer4'", "write 'expect-proxy layer4'");
    return;
  }
  const at = isProxy ? 4 : 3;
  place(line, at, section, (condition) => {
    section.proxy.tcpRequest.push({ phase, action, ...(condition && { condition }), loc: line.whole });
  });
}

function readUseBackend(line: Line, section: ProxySection): void {
  if (!line.need(1, 'a backend name')) return;
  if (line.text(1).includes('%[')) {
    defer(line, section.proxy.deferred, 'computed backend names come with a later version', true);
    return;
  }
  place(line, 2, section, (condition) => {
    section.proxy.useBackends.push({ backend: line.text(1), ...(condition && { condition }), loc: line.whole });
  });
}

function readUseServer(line: Line, section: ProxySection): void {
  if (!line.need(1, 'a server name')) return;
  if (!line.has(2)) {
    line.error('missing-argument', 1, "'use-server' needs a condition", "write 'use-server NAME if CONDITION'");
    return;
  }
  if (line.text(1).includes('%[')) {
    defer(line, section.proxy.deferred, 'computed server names come with a later version', true);
    return;
  }
  place(line, 2, section, (condition) => {
    section.proxy.useServers.push({ server: line.text(1), ...(condition && { condition }), loc: line.whole });
  });
}

function readDefaultBackend(line: Line, section: ProxySection): void {
  if (!line.need(1, 'a backend name') || !line.noMore(2)) return;
  section.proxy.defaultBackend = line.text(1);
  mark(section, 'defaultBackend', line);
}
