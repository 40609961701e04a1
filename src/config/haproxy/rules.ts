/** ACLs and the rules that use them: `acl`, `tcp-request`, `use_backend`, `use-server` (manual §4.2). */
import type { CommonAction, TcpResponseRule, TcpRule } from '../model.js';
import { PREDEFINED_ACLS, readAclTest } from './acl.js';
import {
  type ActionReader,
  ADDRESS_ACTIONS,
  actionName,
  COUNTER_ACTIONS,
  DROP_ACTIONS,
  type Found,
  LOG_ACTIONS,
  NETWORK_ACTIONS,
  PRIORITY_ACTIONS,
  TRACK_ACTIONS,
  VARIABLE_ACTIONS,
} from './actions.js';
import type { Stage } from './availability.js';
import { checkTrailingCondition, place, scoped } from './conditions.js';
import { readExpression, readFormat } from './expression.js';
import { placeCapture, requestStage } from './http-rules.js';
import type { Line } from './line.js';
import { defer, mark, type ProxyKeywords, type ProxySection } from './section.js';

export const RULE_KEYWORDS: ProxyKeywords = {
  acl: { in: 'nfb', read: readAcl },
  'tcp-request': { in: 'nfb', read: readTcpRequest },
  'tcp-response': { in: 'nb', isFatalElsewhere: true, read: readTcpResponse },
  use_backend: { in: 'f', read: readUseBackend },
  'use-server': { in: 'b', read: readUseServer },
  default_backend: { in: 'df', read: readDefaultBackend },
};

type Readers = { readonly [name: string]: ActionReader<CommonAction> };

/** On connections, before anything has been read from them. */
const CONNECTION_ACTIONS: Readers = {
  ...VARIABLE_ACTIONS,
  ...COUNTER_ACTIONS,
  ...TRACK_ACTIONS,
  ...NETWORK_ACTIONS,
  ...ADDRESS_ACTIONS,
};
const CONTENT_ACTIONS: Readers = { ...CONNECTION_ACTIONS, ...LOG_ACTIONS, ...PRIORITY_ACTIONS, capture: readCapture };
const RESPONSE_ACTIONS: Readers = { ...VARIABLE_ACTIONS, ...COUNTER_ACTIONS, ...NETWORK_ACTIONS, ...LOG_ACTIONS };

/** Actions that do not run, and without which connections still go where they should. */
const LATER_ACTIONS = ['set-fc-mark', 'set-fc-tos'];
const LATER_CONTENT_ACTIONS = ['do-resolve', 'set-bandwidth-limit', 'set-bc-mark', 'set-bc-tos'];

/** Actions without which others are let in, or connections go elsewhere: in mode tcp these are errors. */
const DECISIVE_ACTIONS = ['expect-netscaler-cip', 'attach-srv'];
const DECISIVE_CONTENT_ACTIONS = ['send-spoe-group', 'switch-mode', 'ot-group'];

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
  const { name, inside } = actionName(line.text(2));
  const isContent = phase === 'content';
  if (isLater(line, section, name, isContent)) return;
  const actions = isContent ? CONTENT_ACTIONS : CONNECTION_ACTIONS;
  if (Object.hasOwn(actions, name)) {
    const found = actions[name](line, 2, phase, inside);
    if (!found || !placeCapture(line, section, found.action)) return;
    place(line, found.next, section, (condition) => {
      const rule: TcpRule = { phase, action: 'other', other: found.action };
      section.proxy.tcpRequest.push({ ...rule, ...(condition && { condition }), loc: line.whole });
    });
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
  const at = isProxy ? 4 : behindDrop(line);
  if (at === undefined) return;
  place(line, at, section, (condition) => {
    section.proxy.tcpRequest.push({ phase, action, ...(condition && { condition }), loc: line.whole });
  });
}

/** The word behind the action, and behind the `rst-ttl N` of `silent-drop`. */
function behindDrop(line: Line): number | undefined {
  if (line.text(2) !== 'silent-drop') return 3;
  return DROP_ACTIONS['silent-drop'](line, 2, 'connection', undefined)?.next;
}

function isLater(line: Line, section: ProxySection, name: string, isContent: boolean): boolean {
  const isDecisive = [...DECISIVE_ACTIONS, ...(isContent ? DECISIVE_CONTENT_ACTIONS : [])].includes(name);
  if (!isDecisive && ![...LATER_ACTIONS, ...(isContent ? LATER_CONTENT_ACTIONS : [])].includes(name)) return false;
  checkTrailingCondition(line, section);
  defer(line, section.proxy.deferred, 'this action comes with a later version', isDecisive);
  return true;
}

/** `capture EXPRESSION len N` makes a slot for the log; `id` names one of those (HAProxy has it in http rules alone). */
function readCapture(line: Line, i: number, stage: Stage): Found<CommonAction> | undefined {
  const found = readExpression(line, i + 1, stage);
  const word = found && line.choice(found.next, "'len'", ['len', 'id']);
  if (!word) return undefined;
  const value = line.integer(found.next + 1, `'${word}'`, { min: word === 'len' ? 1 : 0 });
  if (value === undefined) return undefined;
  const slot = word === 'len' ? { length: value } : { id: value };
  return { action: { do: 'capture', expression: found.expression, ...slot }, next: found.next + 2 };
}

/** `tcp-response content …` and its `inspect-delay`. */
function readTcpResponse(line: Line, section: ProxySection): void {
  const phase = line.choice(1, 'a tcp-response rule', ['content', 'inspect-delay'] as const);
  if (phase === 'inspect-delay')
    section.proxy.responseInspectDelayMs = line.duration(2, "'tcp-response inspect-delay'");
  if (phase !== 'content') return;
  const { name, inside } = actionName(line.text(2));
  if (name === 'send-spoe-group' || name === 'ot-group') {
    defer(line, section.proxy.deferred, 'this action comes with a later version');
    return;
  }
  if (Object.hasOwn(RESPONSE_ACTIONS, name)) {
    const found = RESPONSE_ACTIONS[name](line, 2, 'response', inside);
    if (!found) return;
    place(line, found.next, section, (condition) => {
      const rule: TcpResponseRule = { action: 'other', other: found.action };
      section.proxy.tcpResponse.push({ ...rule, ...(condition && { condition }), loc: line.whole });
    });
    return;
  }
  const action = line.choice(2, 'an action', ['accept', 'reject', 'close', 'silent-drop'] as const);
  const at = action && behindDrop(line);
  if (!action || at === undefined) return;
  place(line, at, section, (condition) => {
    section.proxy.tcpResponse.push({ action, ...(condition && { condition }), loc: line.whole });
  });
}

function readUseBackend(line: Line, section: ProxySection): void {
  if (!line.need(1, 'a backend name')) return;
  const isFormat = isComputed(line, requestStage(section));
  if (isFormat === undefined) return;
  place(line, 2, section, (condition) => {
    const rule = { backend: line.text(1), ...(isFormat && { isFormat }), ...(condition && { condition }) };
    section.proxy.useBackends.push({ ...rule, loc: line.whole });
  });
}

function readUseServer(line: Line, section: ProxySection): void {
  if (!line.need(1, 'a server name')) return;
  if (!line.has(2)) {
    line.error('missing-argument', 1, "'use-server' needs a condition", "write 'use-server NAME if CONDITION'");
    return;
  }
  const isFormat = isComputed(line, 'use-server');
  if (isFormat === undefined) return;
  place(line, 2, section, (condition) => {
    const rule = { server: line.text(1), ...(isFormat && { isFormat }), ...(condition && { condition }) };
    section.proxy.useServers.push({ ...rule, loc: line.whole });
  });
}

/** A name with a percent sign is a format that makes one; undefined after a complaint about it. */
function isComputed(line: Line, stage: Stage): boolean | undefined {
  if (!line.text(1).includes('%')) return false;
  return readFormat(line, 1, stage) === undefined ? undefined : true;
}

function readDefaultBackend(line: Line, section: ProxySection): void {
  if (!line.need(1, 'a backend name') || !line.noMore(2)) return;
  section.proxy.defaultBackend = line.text(1);
  mark(section, 'defaultBackend', line);
}
