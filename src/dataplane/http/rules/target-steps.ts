/** Actions on the request line: method, path, query, whole target, and `normalize-uri` (manual §4.2). */
import type { HttpAction } from '../../../config/http-model.js';
import { addHeader, findHeader, replaceValue, targetOf } from '../../../core/http1/headers.js';
import { compileFormat } from '../../../core/log-format/format.js';
import * as N from '../../../core/uri/normalize.js';
import { authorityOf, pathOf, pathqOf, safeTarget, withPath, withPathq, withQuery } from '../../../core/uri/target.js';
import type { Transaction } from '../transaction.js';
import { replyBadRequest } from './failure.js';
import { CONTINUE } from './outcome.js';
import { compileReplacement } from './replacement.js';

import type { Step } from './step.js';

type Action<D extends HttpAction['do']> = Extract<HttpAction, { do: D }>;
type Change = (target: string, value: string) => string;

const CHANGES: { readonly [action: string]: Change } = {
  'set-path': withPath,
  'set-pathq': withPathq,
  'set-query': withQuery,
  'set-uri': (_, value) => value,
};

export function setTargetStep(action: { do: string; value: string }): Step {
  const format = compileFormat(action.value);
  const change = CHANGES[action.do];
  return (tx, context) => {
    const value = format(context);
    writeTarget(tx, action.do, change(targetOf(tx.request), value));
    return CONTINUE;
  };
}

function writeTarget(tx: Transaction, action: string, text: string): void {
  const target = safeTarget(text);
  tx.request.targetText = target;
  const authority = action.endsWith('-uri') ? authorityOf(target) : '';
  if (authority !== '') writeHost(tx, authority);
}

/** The Host follows the authority of a target that a rule has written as a whole, as in HAProxy (observed). */
function writeHost({ request }: Transaction, authority: string): void {
  const row = findHeader(request, 'host');
  if (row < 0) addHeader(request, 'host', authority);
  else replaceValue(request, row, authority);
}

/** An empty method, or one with other characters than a method has, changes nothing. */
export function setMethodStep(value: string): Step {
  const format = compileFormat(value);
  return (tx, context) => {
    const method = format(context);
    if (/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(method)) tx.request.method = method;
    return CONTINUE;
  };
}

const PARTS: { readonly [action: string]: readonly [read: (target: string) => string, write: Change] } = {
  'replace-path': [pathOf, withPath],
  'replace-pathq': [pathqOf, withPathq],
  'replace-uri': [(target) => target, (_, value) => value],
};

/** Without the part there is nothing to replace. */
export function replaceTargetStep(action: Action<'replace-path' | 'replace-pathq' | 'replace-uri'>): Step {
  const replace = compileReplacement(action.regex, action.value);
  const [read, write] = PARTS[action.do];
  return (tx, context) => {
    const target = targetOf(tx.request);
    const part = read(target);
    const replaced = part === '' ? null : replace(part, context);
    if (replaced !== null) writeTarget(tx, action.do, write(target, replaced));
    return CONTINUE;
  };
}

export function normalizeStep(action: Action<'normalize-uri'>): Step {
  const normalize = normalizerOf(action);
  return (tx, context) => {
    const target = targetOf(tx.request);
    const normal = normalize(target);
    if (normal === null) return replyBadRequest(tx, context);
    if (normal !== target) tx.request.targetText = normal;
    return CONTINUE;
  };
}

function normalizerOf(action: Action<'normalize-uri'>): N.Normalizer {
  const { normalizer } = action;
  const isFull = action.isFull === true;
  const isStrict = action.isStrict === true;
  switch (normalizer) {
    case 'fragment-encode':
      return N.fragmentEncode;
    case 'fragment-strip':
      return N.fragmentStrip;
    case 'path-merge-slashes':
      return N.pathMergeSlashes;
    case 'path-strip-dot':
      return N.pathStripDot;
    case 'path-strip-dotdot':
      return (target) => N.pathStripDotdot(target, isFull);
    case 'percent-decode-unreserved':
      return (target) => N.percentDecodeUnreserved(target, isStrict);
    case 'percent-to-uppercase':
      return (target) => N.percentToUppercase(target, isStrict);
    case 'query-sort-by-name':
      return N.querySortByName;
  }
}
