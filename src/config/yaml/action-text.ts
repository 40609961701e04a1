/** Actions of rules as words of the HAProxy language. */
import type { HttpAction, Redirect, Reply } from '../model.js';
import { durationText } from './codec.js';
import { expressionWord } from './words-text.js';

/** @returns words, not quoted yet */
export function actionWords(action: HttpAction): string[] {
  switch (action.do) {
    case 'allow':
    case 'reject':
    case 'silent-drop':
    case 'disable-l7-retry':
      return [action.do];
    case 'deny':
    case 'tarpit':
      return [action.do, ...refusalWords(action.reply)];
    case 'return':
      return [action.do, ...replyWords(action.reply)];
    case 'redirect':
      return ['redirect', ...redirectWords(action.redirect)];
    case 'auth':
      return ['auth', ...optional('realm', action.realm)];
    case 'add-header':
    case 'set-header':
    case 'early-hint':
      return [action.do, action.name, action.value];
    case 'del-header':
      return [action.do, action.name, ...optional('-m', action.match)];
    case 'replace-header':
    case 'replace-value':
      return [action.do, action.name, action.regex, action.value];
    case 'replace-path':
    case 'replace-pathq':
    case 'replace-uri':
      return [action.do, action.regex, action.value];
    case 'set-method':
    case 'set-path':
    case 'set-pathq':
    case 'set-query':
    case 'set-uri':
      return [action.do, action.value];
    case 'set-status':
      return [action.do, String(action.status), ...optional('reason', action.reason)];
    case 'normalize-uri':
      return [action.do, action.normalizer, ...(action.isFull ? ['full'] : []), ...(action.isStrict ? ['strict'] : [])];
    default:
      return furtherWords(action);
  }
}

type Further = Extract<
  HttpAction,
  | { do: 'wait-for-body' | 'set-timeout' | 'strict-mode' | 'use-service' }
  | { do: 'set-var' | 'set-var-fmt' | 'unset-var' | 'capture' | 'set-log-level' | 'set-nice' | 'set-mark' | 'set-tos' }
  | { do: 'set-src' | 'set-dst' | 'set-src-port' | 'set-dst-port' | 'set-priority-class' | 'set-priority-offset' }
  | { do: 'set-map' | 'del-map' | 'add-acl' | 'del-acl' | 'track-sc' | 'sc-inc-gpc' | 'sc-add-gpc' | 'sc-set-gpt' }
>;

function furtherWords(action: Exclude<HttpAction, { do: 'allow' }>): string[] {
  const found = action as Further;
  switch (found.do) {
    case 'wait-for-body':
      return [found.do, 'time', durationText(found.timeMs), ...optional('at-least', found.atLeastBytes)];
    case 'set-timeout':
      return [found.do, found.which, found.expression ? expressionWord(found.expression) : durationText(found.ms ?? 0)];
    case 'strict-mode':
      return [found.do, found.isOn ? 'on' : 'off'];
    case 'use-service':
      return [found.do, found.service];
    case 'set-var':
      return [target(found), expressionWord(found.expression)];
    case 'set-var-fmt':
      return [target(found), found.value];
    case 'unset-var':
      return [target(found)];
    case 'capture':
      return [
        found.do,
        expressionWord(found.expression),
        ...optional('len', found.length),
        ...optional('id', found.id),
      ];
    case 'set-log-level':
      return [found.do, found.level];
    case 'set-nice':
      return [found.do, String(found.nice)];
    case 'set-mark':
    case 'set-tos':
      return [found.do, String(found.value)];
    case 'track-sc':
      return [`track-sc${found.counter}`, expressionWord(found.key), ...optional('table', found.table)];
    case 'set-map':
      return [`set-map(${found.file})`, found.key, found.value];
    case 'del-map':
    case 'add-acl':
    case 'del-acl':
      return [`${found.do}(${found.file})`, found.key];
    case 'sc-inc-gpc':
      return [`${found.do}(${found.index},${found.counter})`];
    case 'sc-add-gpc':
    case 'sc-set-gpt': {
      const value = found.expression ? expressionWord(found.expression) : String(found.value);
      return [`${found.do}(${found.index},${found.counter})`, value];
    }
    default:
      return [found.do, expressionWord(found.expression)];
  }
}

function target(action: { do: string; variable: string; conditions?: string[] }): string {
  return `${action.do}(${[action.variable, ...(action.conditions ?? [])].join(',')})`;
}

function optional(word: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [word, String(value)];
}

export function redirectWords(redirect: Redirect): string[] {
  return [
    ...[redirect.kind, redirect.value, 'code', String(redirect.code)],
    ...(redirect.dropsQuery ? ['drop-query'] : []),
    ...(redirect.appendsSlash ? ['append-slash'] : []),
    ...(redirect.ignoresEmpty ? ['ignore-empty'] : []),
    ...optional('set-cookie', redirect.setCookie),
    ...optional('clear-cookie', redirect.clearCookie),
  ];
}

/** With its standard page alone, the short way. */
function refusalWords(reply: Reply): string[] {
  const { status, isDefaultErrorFiles, ...more } = reply;
  return isDefaultErrorFiles && Object.keys(more).length === 0 ? optional('deny_status', status) : replyWords(reply);
}

export function replyWords(reply: Reply): string[] {
  return [
    ...optional('status', reply.status),
    ...optional('content-type', reply.contentType),
    ...bodyWords(reply),
    ...(reply.headers ?? []).flatMap(({ name, value }) => ['hdr', name, value]),
  ];
}

function bodyWords({ body, raw, file, errorFiles, isDefaultErrorFiles }: Reply): string[] {
  if (isDefaultErrorFiles) return ['default-errorfiles'];
  if (errorFiles !== undefined) return ['errorfiles', errorFiles];
  if (raw !== undefined) return optional('errorfile', file);
  if (body === undefined) return [];
  const isFormat = body.kind === 'format';
  if (file !== undefined) return [isFormat ? 'lf-file' : 'file', file];
  return isFormat ? ['lf-string', body.value] : ['string', Buffer.from(body.text, 'latin1').toString('utf8')];
}
