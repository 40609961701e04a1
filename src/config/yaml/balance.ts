/** `balance:` and `hash-type:`: a word, or an object where more is said. */
import { z } from 'zod';
import { parseRequestBalance } from '../haproxy/balance.js';
import { Line } from '../haproxy/line.js';
import { splitWords } from '../haproxy/words.js';
import type { Balance, BalanceAlgorithm, HashType } from '../model.js';
import { didYouMean } from '../suggest.js';
import { type Codec, choice, count, either, flag, nameOf, type Place } from './codec.js';
import { type Field, field, record } from './fields.js';
import { isObject } from './source.js';
import { expressionWord, sentence } from './words-text.js';

const ALGORITHMS: readonly BalanceAlgorithm[] = [
  'roundrobin',
  'static-rr',
  'leastconn',
  'first',
  'source',
  'random',
  'single',
];

/** Other tools' words for the same; without a dash, so that `round-robin` and `least_conn` are found too. */
const SYNONYMS: { readonly [word: string]: BalanceAlgorithm } = {
  roundrobin: 'roundrobin',
  rr: 'roundrobin',
  leastconn: 'leastconn',
  leastconnections: 'leastconn',
  iphash: 'source',
  activepassive: 'single',
  activestandby: 'single',
  singlewriter: 'single',
};

const algorithm: Codec<BalanceAlgorithm> = {
  schema: z
    .string()
    .refine((word) => algorithmOf(word) !== undefined || REQUESTS.test(word), {
      error: (issue) => `unknown balance algorithm ${nameOf(issue.input)}; ${remedyFor(String(issue.input))}`,
    })
    .meta({ examples: [...ALGORITHMS, 'random(2)', 'uri', 'url_param NAME', 'hdr(NAME)', 'hash EXPRESSION'] }),
  read: (data) => algorithmOf(String(data)),
  write: (value) => value,
};

function remedyFor(word: string): string {
  return didYouMean(word, ALGORITHMS, `write one of ${ALGORITHMS.join(', ')}`) ?? '';
}

function algorithmOf(word: string): BalanceAlgorithm | undefined {
  const name = word.replace(/^random\(\d+\)$/, 'random');
  const synonym = name.toLowerCase().replace(/[-_ ]/g, '');
  return (
    ALGORITHMS.find((known) => known === name) ?? (Object.hasOwn(SYNONYMS, synonym) ? SYNONYMS[synonym] : undefined)
  );
}

/** Off is the default, so it is as if not written. */
const failback: Field<Balance> = {
  ...field<Balance, 'failback'>('failback', 'failback', flag, 'single: back to an earlier server once it is usable.'),
  read: (target, data, place) => {
    if (data !== true) return;
    target.failback = true;
    if (target.algorithm === 'single') return;
    const message = `'failback' has no effect with '${target.algorithm}'`;
    place.warning('misfit-key', message, "write 'algorithm: single', or remove it");
  },
};

/** What looks into requests, in HAProxy's words: `uri depth 2`, `url_param id`, `hdr(host)`, `hash req.hdr(x)`. */
const REQUESTS = /^(uri|url_param|hdr|hash)(\(|\s|$)/;

function readRequests(given: string, place: Place): Balance | undefined {
  const words = splitWords(given, place.loc, () => undefined);
  if (!Array.isArray(words)) return place.error(words.code, words.message, words.remedy);
  const line = new Line([{ text: 'balance', loc: place.loc }, ...words], place.source.diag);
  const balance = parseRequestBalance(line);
  return balance && { ...balance, loc: place.loc };
}

function requestWords(value: Balance): string[] | undefined {
  const { algorithm, parameter = '', expression } = value;
  if (algorithm === 'hdr') return [`hdr(${parameter})`, ...(value.usesDomainOnly ? ['use_domain_only'] : [])];
  if (algorithm === 'url_param') return ['url_param', parameter, ...(value.checksPost ? ['check_post'] : [])];
  if (algorithm === 'hash' && expression) return ['hash', expressionWord(expression)];
  if (algorithm !== 'uri') return undefined;
  return [
    'uri',
    ...(value.isWhole ? ['whole'] : []),
    ...(value.isPathOnly ? ['path-only'] : []),
    ...(value.length === undefined ? [] : ['len', String(value.length)]),
    ...(value.depth === undefined ? [] : ['depth', String(value.depth)]),
  ];
}

const balanceObject = record<Balance>(
  'balance',
  [
    field('algorithm', 'algorithm', algorithm, 'How a server is chosen.'),
    field('draws', 'draws', count(1), 'Servers drawn by random, of which the least loaded is taken.'),
    failback,
  ],
  () => ({ algorithm: 'roundrobin' }),
);

/** `random(3)` names its draws, as in HAProxy. */
export const balance: Codec<Balance> = {
  schema: either("balance is a word; write such as 'leastconn'", algorithm.schema, balanceObject.schema),
  read: (data, place) => {
    if (isObject(data)) return balanceObject.read(data, place);
    if (REQUESTS.test(String(data))) return readRequests(String(data), place);
    const found: Balance = { algorithm: algorithmOf(String(data)) ?? 'roundrobin', loc: place.loc };
    const draws = /\((\d+)\)$/.exec(String(data))?.[1];
    return draws === undefined ? found : { ...found, draws: Math.max(1, Number(draws)) };
  },
  write: (value) => {
    if (value.failback !== undefined) return balanceObject.write(value);
    const words = requestWords(value);
    if (words !== undefined) return sentence(words);
    return value.draws === undefined ? value.algorithm : `${value.algorithm}(${value.draws})`;
  },
};

const method = choice('map-based', 'consistent');
const hashFields: readonly Field<HashType>[] = [
  field('method', 'method', method, 'map-based is even, consistent disturbs least when servers come and go.'),
  field('function', 'function', choice('sdbm', 'djb2', 'wt6', 'crc32', 'none'), 'Hash function.'),
  field('avalanche', 'avalanche', flag, 'Mix the bits of the hash once more.'),
  field('balance-factor', 'balanceFactor', count(0), 'Percent of the average load a server may take; 0 is no limit.'),
];
const hashObject = record<HashType>('hash-type', hashFields, () => ({ method: 'map-based' }));

export const hashType: Codec<HashType> = {
  schema: either("hash-type is a word or an object; write 'consistent'", method.schema, hashObject.schema),
  read: (data, place) =>
    isObject(data) ? hashObject.read(data, place) : { method: data as HashType['method'], loc: place.loc },
  write: (value) => {
    const isShort = value.function === undefined && value.avalanche === undefined && value.balanceFactor === undefined;
    return isShort ? value.method : hashObject.write(value);
  },
};
