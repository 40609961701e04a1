/** Actions of `http-request`, `http-response` and `http-after-response` (manual §4.2). */
import { compileRegex } from '../../core/expr/regex.js';
import type { HttpAction } from '../model.js';
import { parseDuration } from '../units.js';
import {
  type ActionReader,
  ADDRESS_ACTIONS,
  bare,
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
import { readExpression, readFormat } from './expression.js';
import type { Line } from './line.js';
import { readRedirect } from './redirect.js';
import { PAGE_STATUSES, readReply } from './reply.js';

type Reader = ActionReader<HttpAction>;
type Readers = { readonly [name: string]: Reader };

const DEL_METHODS = ['str', 'beg', 'end', 'sub', 'reg'] as const;

/** On headers of either direction. */
const HEADER_ACTIONS: Readers = {
  'add-header': headerAction('add-header'),
  'set-header': headerAction('set-header'),
  'del-header': readDelHeader,
  'replace-header': replaceAction('replace-header'),
  'replace-value': replaceAction('replace-value'),
};

/** On maps and ACLs that files fill. */
const FILE_ACTIONS: Readers = {
  'add-acl': fileAction('add-acl'),
  'del-acl': fileAction('del-acl'),
  'del-map': fileAction('del-map'),
  'set-map': readSetMap,
};

const BOTH: Readers = {
  ...HEADER_ACTIONS,
  ...FILE_ACTIONS,
  ...VARIABLE_ACTIONS,
  ...COUNTER_ACTIONS,
  ...TRACK_ACTIONS,
  ...NETWORK_ACTIONS,
  ...LOG_ACTIONS,
  ...DROP_ACTIONS,
  allow: bare({ do: 'allow' }),
  deny: replyAction('deny'),
  return: replyAction('return'),
  redirect: readRedirectAction,
  capture: readCapture,
  'strict-mode': readStrictMode,
  'wait-for-body': readWaitForBody,
};

export const REQUEST_ACTIONS: Readers = {
  ...BOTH,
  ...ADDRESS_ACTIONS,
  ...PRIORITY_ACTIONS,
  auth: readAuth,
  'disable-l7-retry': bare({ do: 'disable-l7-retry' }),
  'early-hint': headerAction('early-hint'),
  'normalize-uri': readNormalizeUri,
  reject: bare({ do: 'reject' }),
  'replace-path': replaceTarget('replace-path'),
  'replace-pathq': replaceTarget('replace-pathq'),
  'replace-uri': replaceTarget('replace-uri'),
  'set-method': targetAction('set-method'),
  'set-path': targetAction('set-path'),
  'set-pathq': targetAction('set-pathq'),
  'set-query': targetAction('set-query'),
  'set-uri': targetAction('set-uri'),
  'set-timeout': readSetTimeout,
  tarpit: replyAction('tarpit'),
  'use-service': readUseService,
};

export const RESPONSE_ACTIONS: Readers = { ...BOTH, 'set-status': readSetStatus };

export const AFTER_RESPONSE_ACTIONS: Readers = {
  ...HEADER_ACTIONS,
  ...VARIABLE_ACTIONS,
  allow: bare({ do: 'allow' }),
  capture: readCapture,
  'set-status': readSetStatus,
  'strict-mode': readStrictMode,
};

function headerAction(name: 'add-header' | 'set-header' | 'early-hint'): Reader {
  return (line, i, stage) => {
    if (!needWords(line, i, 2, 'a header name and a value')) return undefined;
    const value = readFormat(line, i + 2, stage);
    return value === undefined ? undefined : { action: { do: name, name: line.text(i + 1), value }, next: i + 3 };
  };
}

function readDelHeader(line: Line, i: number): Found<HttpAction> | undefined {
  if (!needWords(line, i, 1, 'a header name')) return undefined;
  const name = line.text(i + 1);
  if (line.text(i + 2) !== '-m') return { action: { do: 'del-header', name }, next: i + 2 };
  const match = line.choice(i + 3, 'a matching method', DEL_METHODS);
  if (match === 'reg' && !isRegex(line, i + 1)) return undefined;
  return match && { action: { do: 'del-header', name, match }, next: i + 4 };
}

function replaceAction(name: 'replace-header' | 'replace-value'): Reader {
  return (line, i, stage) => {
    if (!needWords(line, i, 3, 'a header name, a regular expression and a format')) return undefined;
    const found = readReplacement(line, i + 2, stage);
    return found && { action: { do: name, name: line.text(i + 1), ...found }, next: i + 4 };
  };
}

function replaceTarget(name: 'replace-path' | 'replace-pathq' | 'replace-uri'): Reader {
  return (line, i, stage) => {
    if (!needWords(line, i, 2, 'a regular expression and a format')) return undefined;
    const found = readReplacement(line, i + 1, stage);
    return found && { action: { do: name, ...found }, next: i + 3 };
  };
}

function readReplacement(line: Line, i: number, stage: Stage): { regex: string; value: string } | undefined {
  if (!isRegex(line, i)) return undefined;
  const value = readFormat(line, i + 1, stage);
  return value === undefined ? undefined : { regex: line.text(i), value };
}

function isRegex(line: Line, i: number): boolean {
  const compiled = compileRegex(line.text(i), false);
  if (typeof compiled !== 'string') return true;
  line.error('bad-regex', i, compiled, 'check its parentheses and brackets');
  return false;
}

function targetAction(name: 'set-method' | 'set-path' | 'set-pathq' | 'set-query' | 'set-uri'): Reader {
  return (line, i, stage) => {
    if (!needWords(line, i, 1, 'a format')) return undefined;
    const value = readFormat(line, i + 1, stage);
    return value === undefined ? undefined : { action: { do: name, value }, next: i + 2 };
  };
}

function fileAction(name: 'add-acl' | 'del-acl' | 'del-map'): Reader {
  return (line, i, stage, inside) => {
    if (!needWords(line, i, 1, 'a key')) return undefined;
    const key = readFormat(line, i + 1, stage);
    return key === undefined ? undefined : { action: { do: name, file: inside ?? '', key }, next: i + 2 };
  };
}

function readSetMap(line: Line, i: number, stage: Stage, inside: string | undefined): Found<HttpAction> | undefined {
  if (!needWords(line, i, 2, 'a key and a value')) return undefined;
  const [key, value] = [readFormat(line, i + 1, stage), readFormat(line, i + 2, stage)];
  if (key === undefined || value === undefined) return undefined;
  return { action: { do: 'set-map', file: inside ?? '', key, value }, next: i + 3 };
}

function replyAction(name: 'deny' | 'tarpit' | 'return'): Reader {
  return (line, i, stage) => {
    const found = readReply(line, i + 1, stage);
    if (!found) return undefined;
    const { reply, next } = found;
    // Without a body it is an empty answer, but for these two older ways of writing (observed from HAProxy).
    const isPage = name !== 'return' && (next === i + 1 || (next === i + 3 && line.text(i + 1) === 'deny_status'));
    if (isPage) reply.isDefaultErrorFiles = true;
    if (reply.isDefaultErrorFiles && reply.status !== undefined && !PAGE_STATUSES.includes(reply.status)) {
      const message = `there is no standard page for status ${reply.status}`;
      line.error('bad-status', i, message, `write a body, or one of ${PAGE_STATUSES.join(', ')}`);
      return undefined;
    }
    return { action: { do: name, reply }, next };
  };
}

function readRedirectAction(line: Line, i: number, stage: Stage): Found<HttpAction> | undefined {
  const found = readRedirect(line, i + 1, stage);
  return found && { action: { do: 'redirect', redirect: found.redirect }, next: found.next };
}

function readAuth(line: Line, i: number): Found<HttpAction> | undefined {
  if (line.text(i + 1) !== 'realm') return { action: { do: 'auth' }, next: i + 1 };
  if (!needWords(line, i + 1, 1, 'a text')) return undefined;
  return { action: { do: 'auth', realm: line.text(i + 2) }, next: i + 3 };
}

/** `capture EXPRESSION len N` makes a slot, `id N` fills a declared one. */
function readCapture(line: Line, i: number, stage: Stage): Found<HttpAction> | undefined {
  const found = readExpression(line, i + 1, stage);
  if (!found) return undefined;
  const isResponse = stage === 'response';
  const word = line.choice(found.next, isResponse ? "'id'" : "'len' or 'id'", isResponse ? ['id'] : ['len', 'id']);
  if (!word) return undefined;
  const value = line.integer(found.next + 1, `'${word}'`, { min: word === 'len' ? 1 : 0 });
  if (value === undefined) return undefined;
  const place = word === 'len' ? { length: value } : { id: value };
  return { action: { do: 'capture', expression: found.expression, ...place }, next: found.next + 2 };
}

function readStrictMode(line: Line, i: number): Found<HttpAction> | undefined {
  const word = line.choice(i + 1, "'on' or 'off'", ['on', 'off']);
  return word && { action: { do: 'strict-mode', isOn: word === 'on' }, next: i + 2 };
}

function readWaitForBody(line: Line, i: number): Found<HttpAction> | undefined {
  if (line.text(i + 1) !== 'time') {
    line.error('missing-argument', i, "'wait-for-body' needs a time", "write 'wait-for-body time 10s'");
    return undefined;
  }
  const timeMs = line.duration(i + 2, "'wait-for-body time'");
  if (timeMs === undefined) return undefined;
  if (line.text(i + 3) !== 'at-least') return { action: { do: 'wait-for-body', timeMs }, next: i + 3 };
  const atLeastBytes = line.size(i + 4, "'at-least'");
  return atLeastBytes === undefined
    ? undefined
    : { action: { do: 'wait-for-body', timeMs, atLeastBytes }, next: i + 5 };
}

/** A time that begins like one is one; else it is an expression that gives milliseconds. */
function readSetTimeout(line: Line, i: number, stage: Stage): Found<HttpAction> | undefined {
  const which = line.choice(i + 1, 'a timeout', ['server', 'tunnel']);
  if (!which || !needWords(line, i + 1, 1, 'a time or an expression')) return undefined;
  const time = parseDuration(line.text(i + 2));
  if (time.ok || /^\d/.test(line.text(i + 2))) {
    const ms = line.duration(i + 2, `'set-timeout ${which}'`);
    if (ms === 0) line.error('out-of-range', i + 2, `'set-timeout ${which}' cannot be 0`, "write such as '10s'");
    return ms ? { action: { do: 'set-timeout', which, ms }, next: i + 3 } : undefined;
  }
  const found = readExpression(line, i + 2, stage);
  return found && { action: { do: 'set-timeout', which, expression: found.expression }, next: found.next };
}

function readUseService(line: Line, i: number): Found<HttpAction> | undefined {
  const service = line.choice(i + 1, 'a service', ['prometheus-exporter'] as const);
  return service && { action: { do: 'use-service', service }, next: i + 2 };
}

function readSetStatus(line: Line, i: number): Found<HttpAction> | undefined {
  const status = line.integer(i + 1, "'set-status'", { min: 100, max: 999 });
  if (status === undefined) return undefined;
  if (line.text(i + 2) !== 'reason') return { action: { do: 'set-status', status }, next: i + 2 };
  if (!needWords(line, i + 2, 1, 'a text')) return undefined;
  return { action: { do: 'set-status', status, reason: line.text(i + 3) }, next: i + 4 };
}

const NORMALIZERS = [
  'fragment-encode',
  'fragment-strip',
  'path-merge-slashes',
  'path-strip-dot',
  'path-strip-dotdot',
  'percent-decode-unreserved',
  'percent-to-uppercase',
  'query-sort-by-name',
] as const;

function readNormalizeUri(line: Line, i: number): Found<HttpAction> | undefined {
  const normalizer = line.choice(i + 1, 'a normalizer', NORMALIZERS);
  if (!normalizer) return undefined;
  const word = line.text(i + 2);
  if (normalizer === 'path-strip-dotdot' && word === 'full')
    return { action: { do: 'normalize-uri', normalizer, isFull: true }, next: i + 3 };
  if (normalizer.startsWith('percent') && word === 'strict')
    return { action: { do: 'normalize-uri', normalizer, isStrict: true }, next: i + 3 };
  return { action: { do: 'normalize-uri', normalizer }, next: i + 2 };
}

/** Words that must be there; an empty one ends the line, as in HAProxy. */
function needWords(line: Line, i: number, count: number, what: string): boolean {
  if (line.has(i + count)) return true;
  line.error('missing-argument', i, `'${line.text(i)}' needs ${what}`, `write it after '${line.text(i)}'`);
  return false;
}
