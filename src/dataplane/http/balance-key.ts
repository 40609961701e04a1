/** Keys of `balance uri|url_param|hdr|hash` (manual, `balance`): what of a request decides over its server. */
import type { Balance, HashType } from '../../config/model.js';
import type { SampleContext } from '../../core/expr/context.js';
import { compileExpressionAs } from '../../core/expr/expression.js';
import { crc32, djb2, sdbm } from '../../core/expr/hashes.js';
import { latin1 } from '../../core/http1/characters.js';
import { targetOf } from '../../core/http1/headers.js';
import { HeaderValues } from '../../core/http1/values.js';
import { pathStart } from '../../core/uri/target.js';
import type { Transaction } from './transaction.js';

/** @returns unsigned 32 bits; -1 where the request has no such key: the connection is given out in turns then */
export type BalanceKey = (tx: Transaction | null, context: SampleContext) => number;

type KeyText = (tx: Transaction) => string | undefined;

/** @returns null for algorithms that need no key, or know theirs (`source`) */
export function compileBalanceKey(balance: Balance | undefined, hashType: HashType | undefined): BalanceKey | null {
  const hash = hashOf(hashType?.function);
  if (balance?.algorithm === 'hash') return expressionKey(balance, hash);
  const read = keyText(balance);
  if (read === null) return null;
  return (tx) => {
    const text = tx === null ? undefined : read(tx);
    return text === undefined ? -1 : hash(text);
  };
}

function expressionKey({ expression }: Balance, hash: (text: string) => number): BalanceKey {
  const evaluate = expression && compileExpressionAs('binary', expression);
  if (evaluate === undefined || typeof evaluate === 'string') return () => -1;
  return (_, context) => {
    const text = evaluate(context);
    return text === undefined ? -1 : hash(text as string);
  };
}

function hashOf(name: HashType['function']): (text: string) => number {
  if (name === 'djb2') return djb2;
  if (name === 'crc32') return crc32;
  if (name === 'none') return (text) => Number.parseInt(text, 10) >>> 0;
  return sdbm;
}

function keyText(balance: Balance | undefined): KeyText | null {
  switch (balance?.algorithm) {
    case 'uri':
      return (tx) => uriPart(targetOf(tx.request), balance);
    case 'url_param':
      return (tx) => parameterOf(tx, balance);
    case 'hdr':
      return headerText(balance);
    default:
      return null;
  }
}

/** Up to the query (or with it), to so many characters, or so many slashes. */
function uriPart(target: string, { isWhole, isPathOnly, length = 0, depth = 0 }: Balance): string {
  const from = isPathOnly ? Math.max(0, pathStart(target)) : 0;
  const most = length > 0 ? Math.min(target.length, from + length) : target.length;
  let slashes = 0;
  for (let i = from; i < most; i++) {
    const c = target[i];
    if (c === '/' && depth > 0 && ++slashes > depth) return target.slice(from, i);
    if (c === '?' && !isWhole) return target.slice(from, i);
  }
  return target.slice(from, most);
}

/** In the query; with `check_post` in the body of a POST as well. */
function parameterOf(tx: Transaction, { parameter = '', checksPost }: Balance): string | undefined {
  const target = targetOf(tx.request);
  const query = target.indexOf('?');
  const found = query < 0 ? undefined : valueIn(target.slice(query + 1), parameter);
  if (found !== undefined || !checksPost || tx.request.method !== 'POST' || tx.request.bytes === null) return found;
  return valueIn(latin1(tx.request.bytes, tx.bodyFrom, tx.bodyTo), parameter);
}

function valueIn(form: string, name: string): string | undefined {
  for (const pair of form.split('&')) if (pair.startsWith(`${name}=`)) return pair.slice(name.length + 1);
  return undefined;
}

const values = new HeaderValues();

/** The first value of the first such header. */
function headerText({ parameter = '', usesDomainOnly }: Balance): KeyText {
  const name = parameter.toLowerCase();
  return (tx) => {
    if (!values.first(tx.request, name)) return undefined;
    const value = values.string();
    if (value === '') return undefined;
    return usesDomainOnly ? mainDomain(value) : value;
  };
}

/** `www.example.com:80` is `example` (manual, `use_domain_only`). */
function mainDomain(host: string): string {
  const labels = host.replace(/:.*$/, '').split('.');
  return labels.length < 2 ? labels[0] : labels[labels.length - 2];
}
