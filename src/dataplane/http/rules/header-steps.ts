/** Actions on headers: `add-`, `set-`, `del-`, `replace-header`, `replace-value`, `early-hint` (manual §4.2). */
import type { HttpAction } from '../../../config/http-model.js';
import type { SampleContext } from '../../../core/expr/context.js';
import {
  addHeader,
  findHeader,
  headerName,
  headerValue,
  removeHeader,
  removeRow,
  replaceValue,
  setHeader,
  targetOf,
} from '../../../core/http1/headers.js';
import type { HttpMessage } from '../../../core/http1/message.js';
import { HeaderValues } from '../../../core/http1/values.js';
import { compileFormat } from '../../../core/log-format/format.js';
import { authorityOf, withAuthority } from '../../../core/uri/target.js';
import type { Transaction } from '../transaction.js';
import { replyInternalError } from './failure.js';
import { CONTINUE, type Outcome } from './outcome.js';
import { compileReplacement, regexOf } from './replacement.js';
import type { Step } from './step.js';
import { safeValue } from './text.js';

type Action<D extends HttpAction['do']> = Extract<HttpAction, { do: D }>;
/** Which of the two messages a rule edits. */
type Side = (tx: Transaction) => HttpMessage;

export function addHeaderStep({ name, value }: { name: string; value: string }, side: Side): Step {
  const lower = name.toLowerCase();
  const format = compileFormat(value);
  return (tx, context) => done(tx, context, addHeader(side(tx), lower, safeValue(format(context))));
}

/** The new value is computed before the old ones go, so that it may contain them. */
export function setHeaderStep({ name, value }: { name: string; value: string }, side: Side): Step {
  const lower = name.toLowerCase();
  const format = compileFormat(value);
  if (lower === 'host') return (tx, context) => setHost(tx, context, side(tx), safeValue(format(context)));
  return (tx, context) => done(tx, context, setHeader(side(tx), lower, safeValue(format(context))));
}

/** The authority of an absolute target follows the Host, as in HAProxy (observed). */
function setHost(tx: Transaction, context: SampleContext, message: HttpMessage, host: string): Outcome {
  if (!message.isResponse) {
    const target = targetOf(message);
    if (authorityOf(target) !== '') message.targetText = withAuthority(target, host);
  }
  return done(tx, context, setHeader(message, 'host', host));
}

/** @returns 500 where the message has no room for another header, unless `strict-mode off` */
function done(tx: Transaction, context: SampleContext, isWritten: boolean): Outcome {
  return isWritten || !tx.run.isStrict ? CONTINUE : replyInternalError(tx, context);
}

export function deleteHeaderStep({ name, match = 'str' }: Action<'del-header'>, side: Side): Step {
  const lower = name.toLowerCase();
  if (match === 'str')
    return (tx) => {
      removeHeader(side(tx), lower);
      return CONTINUE;
    };
  const matches = nameMatcher(match, match === 'reg' ? name : lower);
  return (tx) => {
    removeMatching(side(tx), matches);
    return CONTINUE;
  };
}

function removeMatching(message: HttpMessage, matches: (name: string) => boolean): void {
  for (let row = 0; row < message.count; row++)
    if (message.dead[row] === 0 && matches(headerName(message, row))) removeRow(message, row);
}

function nameMatcher(match: 'beg' | 'end' | 'sub' | 'reg', text: string): (name: string) => boolean {
  if (match === 'beg') return (name) => name.startsWith(text);
  if (match === 'end') return (name) => name.endsWith(text);
  if (match === 'sub') return (name) => name.includes(text);
  const expression = regexOf(text);
  return (name) => expression.test(name);
}

/** Whole lines: a match replaces the whole value. */
export function replaceHeaderStep(
  { name, regex, value }: Action<'replace-header' | 'replace-value'>,
  side: Side,
): Step {
  const lower = name.toLowerCase();
  const replace = compileReplacement(regex, value);
  return (tx, context) => {
    const message = side(tx);
    for (let row = findHeader(message, lower); row >= 0; row = findHeader(message, lower, row)) {
      const replaced = replace(headerValue(message, row), context);
      if (replaced !== null) replaceValue(message, row, safeValue(replaced));
    }
    return CONTINUE;
  };
}

const values = new HeaderValues();

/** Every value between commas on its own; what stands between them stays. */
export function replaceValueStep({ name, regex, value }: Action<'replace-header' | 'replace-value'>, side: Side): Step {
  const lower = name.toLowerCase();
  const replace = compileReplacement(regex, value);
  return (tx, context) => {
    const message = side(tx);
    for (let row = findHeader(message, lower); row >= 0; row = findHeader(message, lower, row))
      replaceInRow(message, lower, row, replace, context);
    return CONTINUE;
  };
}

/** Blanks around a value go with it, as in HAProxy (observed). */
function replaceInRow(
  message: HttpMessage,
  name: string,
  row: number,
  replace: ReturnType<typeof compileReplacement>,
  context: SampleContext,
): void {
  const whole = headerValue(message, row);
  const base = message.valueText[row] === null ? message.valueFrom[row] : 0;
  let out = '';
  let at = 0;
  for (let more = values.first(message, name); more; more = values.next()) {
    if (values.row !== row) continue;
    const from = values.from - base;
    const to = values.to - base;
    const replaced = replace(whole.slice(from, to), context);
    if (replaced === null) continue;
    out += whole.slice(at, from).trimEnd() + replaced;
    at = to + /^[ \t]*/.exec(whole.slice(to))![0].length;
  }
  if (at > 0) replaceValue(message, row, safeValue(out + whole.slice(at)));
}

/** One 103 for each rule, as HAProxy sends rules that have conditions (RFC 8297). */
export function earlyHintStep({ name, value }: Action<'early-hint' | 'add-header' | 'set-header'>): Step {
  const lower = name.toLowerCase();
  const format = compileFormat(value);
  return (tx, context) => {
    if (tx.request.minor === 1)
      tx.run.interim += `HTTP/1.1 103 Early Hints\r\n${lower}: ${safeValue(format(context))}\r\n\r\n`;
    return CONTINUE;
  };
}
