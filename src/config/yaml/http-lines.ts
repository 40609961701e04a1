/** The keys of mode http as lines for the HAProxy reader, and their schema. */
import { z } from 'zod';
import { Line } from '../haproxy/line.js';
import { readMessage } from '../haproxy/reply.js';
import type { Word } from '../haproxy/words.js';
import type { HttpErrors, Proxy } from '../model.js';
import { either, type Place, strict, text, type Written } from './codec.js';
import { HTTP_KEYS, RULE_KEYS, STATS_KEYS } from './http-keys.js';
import type { LineKey } from './line-keys.js';
import { type Lines, split } from './rules.js';
import { isObject, type Plain } from './source.js';

const shapeOfKeys = (keys: readonly LineKey[]): z.ZodRawShape =>
  Object.fromEntries(keys.map(({ key, schema }) => [key, schema.optional()]));

/** In `defaults:` too: there only what no rule needs. */
export const httpSchema = strict('http', shapeOfKeys(HTTP_KEYS)).describe('Settings of mode http, in HAProxy’s words.');

export const HTTP_SHAPES: z.ZodRawShape = {
  ...shapeOfKeys(RULE_KEYS),
  http: httpSchema,
  stats: either(
    'the statistics page is a block of keys, or true; write { uri: /stats }',
    z.literal(true),
    strict('stats', shapeOfKeys(STATS_KEYS)),
  ).describe('The statistics page of this proxy.'),
};

type Keys = { [key: string]: Plain };

/** `http:` of defaults, as far as the proxy has the side. */
export function defaultHttpLines(data: Keys, place: Place, kind: Proxy['kind']): Lines {
  const fitting = HTTP_KEYS.filter(
    ({ sides }) => (sides.includes('f') && kind !== 'backend') || (sides.includes('b') && kind !== 'frontend'),
  );
  return linesOf(fitting, data.http, place.child('http'));
}

/** Settings first, so that rules find the captures they fill. */
export function httpLines(data: Keys, place: Place): Lines {
  const stats = data.stats === undefined ? [] : [wordsAt(['stats', 'enable'], place.child('stats'))];
  return [
    ...linesOf(HTTP_KEYS, data.http, place.child('http')),
    ...linesOf(RULE_KEYS, data, place),
    ...stats,
    ...linesOf(STATS_KEYS, data.stats, place.child('stats')),
  ];
}

function linesOf(keys: readonly LineKey[], data: Plain | undefined, place: Place): Lines {
  if (!isObject(data)) return [];
  return keys.flatMap((key) => {
    const value = data[key.key];
    if (value === undefined) return [];
    const at = place.child(key.key);
    return Array.isArray(value) ? value.flatMap((each, i) => lineOf(key, each, at.child(i))) : lineOf(key, value, at);
  });
}

function lineOf(key: LineKey, value: Plain, place: Place): Lines {
  if (value === true) return [wordsAt(key.head([]), place)];
  if (value === false) return key.head([])[0] === 'option' ? [wordsAt(['no', ...key.head([])], place)] : [];
  const given = String(value);
  if (key.isWord) return [[...wordsAt(key.head([given]), place), { text: given, loc: place.loc }]];
  const words = split(given, place.loc, place, () => undefined);
  if (!words) return [];
  const head = wordsAt(key.head(words.map((each) => each.text)), place);
  // The word that chooses an option is the option.
  return key.key === 'connection' ? [head] : [[...head, ...words]];
}

function wordsAt(words: readonly string[], { loc }: Place): Word[] {
  return words.map((each) => ({ text: each, loc }));
}

function writeKeys(keys: readonly LineKey[], proxy: Proxy): [string, Written][] {
  return keys.flatMap((key): [string, Written][] => {
    const written = key.write(proxy);
    return written === undefined ? [] : [[key.key, written]];
  });
}

/** The entries of a proxy. @param shared what the `http` of the defaults says already */
export function writeHttp(proxy: Proxy, shared: Written | undefined): [string, Written][] {
  const said = shared instanceof Map ? shared : new Map<string, Written>();
  const http = writeKeys(HTTP_KEYS, proxy).filter(([key]) => !said.has(key));
  const stats = writeKeys(STATS_KEYS, proxy);
  const page = stats.length === 0 ? true : new Map(stats);
  return [
    ...(http.length === 0 ? [] : ([['http', new Map(http)]] as [string, Written][])),
    ...writeKeys(RULE_KEYS, proxy),
    ...(proxy.http.statsPage === undefined ? [] : ([['stats', page]] as [string, Written][])),
  ];
}

/** `http-errors:`: files by name and status. */
export const httpErrorsSchema = z
  .record(
    z.string(),
    z.record(z.string().regex(/^\d{3}$/, { error: 'a status is needed; write such as 503' }), text.schema),
  )
  .describe('Pages of errors by name: files by status.');

export function readHttpErrors(data: Plain, place: Place): HttpErrors[] {
  return place.entries(data).map(([name, files, at]) => ({
    name,
    pages: at.entries(files).flatMap(([status, file, where]) => {
      const raw = readMessage(new Line([{ text: String(file), loc: where.loc }], where.source.diag), 0);
      return raw === undefined ? [] : [{ status: Number(status), raw, file: String(file), loc: where.loc }];
    }),
    loc: at.keyLoc,
  }));
}

export function writeHttpErrors(all: readonly HttpErrors[]): Written {
  return new Map(
    all.map(({ name, pages }): [string, Written] => [
      name,
      new Map(pages.map(({ status, file }): [string, Written] => [String(status), file ?? ''])),
    ]),
  );
}
