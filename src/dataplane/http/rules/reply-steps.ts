/** Actions that answer in place of a server: `deny`, `tarpit`, `return`, `auth`, `redirect` (manual §4.2). */
import type { HttpAction } from '../../../config/http-model.js';
import type { Model, Redirect } from '../../../config/model.js';
import { bytesOf as inBytes } from '../../../core/expr/bytes-of.js';
import type { SampleContext } from '../../../core/expr/context.js';
import { findHeader, headerValue, targetOf } from '../../../core/http1/headers.js';
import { BODY_LENGTH, BODY_NONE } from '../../../core/http1/message.js';
import { compileFormat } from '../../../core/log-format/format.js';
import { pathOf, pathqOf, safeTarget } from '../../../core/uri/target.js';
import { countTracked } from '../../stick/tracked.js';
import type { Transaction } from '../transaction.js';
import { page, reply } from './answer.js';
import { countDenied, countIntercepted } from './count.js';
import { replySource } from './message-source.js';
import { CONTINUE, type Outcome, TARPIT } from './outcome.js';
import type { Step } from './step.js';
import { bytesOf, safeValue } from './text.js';

type On = 'request' | 'response' | 'after-response';

export function denyStep(
  action: Extract<HttpAction, { do: 'deny' | 'tarpit' | 'return' }>,
  on: On,
  model: Model,
): Step {
  const status = action.reply.status ?? defaultStatus(action.do, on);
  const source = replySource(action.reply, status, model);
  if (action.do === 'tarpit')
    return (tx, context) => {
      countTracked(tx.session, 'http_err');
      countDenied(tx);
      reply(tx, context, source(tx, context), status, 'PT');
      tx.headMs = 0; // its time is told as time in the queue
      return TARPIT;
    };
  const end = `${action.do === 'return' ? 'L' : 'P'}${on === 'request' ? 'R' : 'H'}`;
  const isError = action.do === 'deny' && on === 'request';
  return (tx, context) => {
    if (isError) countTracked(tx.session, 'http_err');
    if (action.do === 'deny') countDenied(tx);
    else countIntercepted(tx);
    return reply(tx, context, source(tx, context), status, end);
  };
}

function defaultStatus(action: 'deny' | 'tarpit' | 'return', on: On): number {
  if (action === 'return') return 200;
  if (action === 'tarpit') return 500;
  return on === 'request' ? 403 : 502;
}

/** @param realm as written, or the name of the proxy */
export function authStep(realm: string): Step {
  const challenge = `Basic realm="${inBytes(realm)}"`;
  return (tx, context) => {
    countTracked(tx.session, 'http_err');
    countIntercepted(tx);
    return challengeWith(tx, context, challenge);
  };
}

/** 407 towards clients that know they talk to a proxy (`option http-use-proxy-header`), else 401. */
function challengeWith(tx: Transaction, context: SampleContext, challenge: string): Outcome {
  const usesProxyHeader = tx.run.frontend?.proxy.http.useProxyHeader === true;
  const isProxy = usesProxyHeader && findHeader(tx.request, 'proxy-connection') >= 0;
  const status = isProxy ? 407 : 401;
  const name = isProxy ? 'proxy-authenticate' : 'www-authenticate';
  return reply(tx, context, page(tx, context, status), status, 'LR', { name, value: challenge });
}

const REASONS: { readonly [code: number]: string } = {
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
};

/** @param isFormat of rules; the text of a `redirect` line is literal (manual, `redirect`) */
export function redirectStep(redirect: Redirect, on: On, isFormat: boolean): Step {
  const { code, ignoresEmpty } = redirect;
  const literal = inBytes(redirect.value);
  const print = isFormat ? compileFormat(redirect.value) : () => literal;
  const first = `HTTP/1.1 ${code} ${REASONS[code]}\r\ncontent-length: 0\r\nlocation: `;
  const rest = `\r\n${isStored(code) ? '' : 'cache-control: no-cache\r\n'}${inBytes(cookieLine(redirect))}\r\n`;
  const end = on === 'request' ? 'LR' : 'LH';
  return (tx, context) => {
    const value = print(context);
    if (value === '' && ignoresEmpty) return CONTINUE;
    countIntercepted(tx);
    const location = safeValue(locationOf(redirect, value, tx));
    return reply(tx, context, bytesOf(first + location + closing(tx) + rest), code, end);
  };
}

/** Behind a request with a body the connection ends, as in HAProxy (observed). */
function closing({ request }: Transaction): string {
  const isBare = request.body === BODY_NONE || (request.body === BODY_LENGTH && request.contentLength === 0);
  return isBare ? '' : '\r\nconnection: close';
}

/** Permanent ones may be remembered. */
function isStored(code: number): boolean {
  return code === 301 || code === 308;
}

function cookieLine({ setCookie, clearCookie }: Redirect): string {
  if (setCookie !== undefined) return `set-cookie: ${setCookie}; path=/;\r\n`;
  return clearCookie === undefined ? '' : `set-cookie: ${clearCookie}; path=/; Max-Age=0;\r\n`;
}

function locationOf(redirect: Redirect, value: string, tx: Transaction): string {
  if (redirect.kind === 'location') return value;
  const rest = requestPart(redirect, targetOf(tx.request));
  if (redirect.kind === 'prefix') return (value === '/' ? '' : value) + rest;
  const row = findHeader(tx.request, 'host');
  return `${value}://${row < 0 ? '' : headerValue(tx.request, row)}${rest}`;
}

/** Path and query of the request, as `drop-query` and `append-slash` want them. */
function requestPart({ dropsQuery, appendsSlash }: Redirect, target: string): string {
  const part = (dropsQuery ? pathOf(target) : pathqOf(target)) || '/';
  const isBare = !part.includes('?');
  return safeTarget(appendsSlash && isBare && !part.endsWith('/') ? `${part}/` : part);
}
