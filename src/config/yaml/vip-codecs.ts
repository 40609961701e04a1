/** Values of `vips:` and `vrrp:`. Addresses, routes and rules are texts in the words of ip(8), as in keepalived.conf. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { addressText, type EntryOptions, readAddress } from '../keepalived/addresses.js';
import { RouteNames } from '../keepalived/iproute.js';
import { Line } from '../keepalived/line.js';
import { splitCommand } from '../keepalived/programs.js';
import { readRoute, routeText } from '../keepalived/routes.js';
import { Row } from '../keepalived/rows.js';
import { readRule, ruleText } from '../keepalived/rules.js';
import { parse } from '../keepalived/syntax.js';
import { realWorld } from '../keepalived/world.js';
import type { Program, Tracked, UnicastPeer, VirtualAddress, VirtualRoute, VirtualRule } from '../model.js';
import {
  type Codec,
  count,
  durationText,
  either,
  flag,
  list,
  nameOf,
  type Place,
  strict,
  text,
  type Written,
} from './codec.js';
import { isObject, type Plain } from './source.js';

const UNIT_US: { readonly [unit: string]: number } = { us: 1, ms: 1000, s: 1e6, m: 6e7, h: 3.6e9, d: 8.64e10 };

/** A time with its unit, kept to the microsecond. @param perMs 1 where the model has ms, 1000 where it has µs */
function fineTime(min: number, max: number, perMs: number): Codec<number> {
  const problem = (input: unknown) =>
    `${nameOf(input)} is not a time; write an integer and one of us, ms, s, m, h, d, such as '10s'`;
  const say = (value: number) => fineText(value / perMs);
  return {
    schema: z
      .string({ error: ({ input }) => problem(input) })
      .regex(/^\d+(us|ms|s|m|h|d)$/, { error: ({ input }) => problem(input) }),
    read: (data, place) => {
      const [, digits, unit] = /^(\d+)([a-z]+)$/.exec(String(data))!;
      const value = (Number(digits) * UNIT_US[unit] * perMs) / 1000;
      if (value >= min && value <= max) return value;
      return place.error('out-of-range', `'${data}' does not fit`, `write a time from ${say(min)} to ${say(max)}`);
    },
    write: say,
  };
}

function fineText(ms: number): string {
  return Number.isInteger(ms) ? durationText(ms) : `${Math.round(ms * 1000)}us`;
}

const DAY_MS = 86_400_000;

/** In ms. */
export function time(minMs = 0, maxMs = DAY_MS): Codec<number> {
  return fineTime(minMs, maxMs, 1);
}

/** In microseconds. */
export const microseconds: Codec<number> = fineTime(0, 1_000_000_000, 1000);

/** A mark that is set or not written. */
export const mark: Codec<true> = {
  schema: flag.schema,
  read: (data) => (data === true ? true : undefined),
  write: () => true,
};

export const ip: Codec<string> = {
  schema: z.string({ error: ({ input }) => `${nameOf(input)} is no IP address; write such as '10.0.0.1'` }),
  read: (data, place) =>
    isIP(String(data))
      ? String(data)
      : place.error('bad-address', `'${data}' is no IP address`, "write such as '10.0.0.1' or '2001:db8::1'"),
  write: (value) => value,
};

/** Names of /etc/iproute2 are looked up when the first one is met. */
const NAMES = new RouteNames(realWorld(''));

/** A line of ip(8). */
function words<V>(
  example: string,
  isStatic: boolean,
  read: (line: Line, options: EntryOptions) => V | undefined,
  write: (value: V) => string,
): Codec<V> {
  return {
    schema: z.string({
      error: ({ input }) => `a text in the words of 'ip' is needed, not ${nameOf(input)}; write such as '${example}'`,
    }),
    read: (data, place) => {
      const { diag } = place.source;
      const [statement, ...rest] = parse([Row.at(String(data), place.loc)], diag);
      if (statement === undefined || rest.length > 0 || statement.block !== undefined)
        return place.error('bad-value', `'${data}' is not one entry`, `write such as '${example}'`);
      return read(new Line(statement, diag), { names: NAMES, isStatic });
    },
    write,
  };
}

export const virtualAddress: Codec<VirtualAddress> = words('10.0.0.100/24', false, readAddress, addressText);
export const virtualRoute: Codec<VirtualRoute> = words('10.1.0.0/16 via 10.0.0.1', false, readRoute, routeText);
export const virtualRule: Codec<VirtualRule> = words('from 10.1.0.0/16 table 100', false, readRule, ruleText);
export const staticAddress: Codec<VirtualAddress> = words('10.0.0.1/24 dev eth0', true, readAddress, addressText);

const command: Codec<string[]> = {
  schema: either(
    'a program and its arguments are needed; write [ /path/program, argument ]',
    z.string(),
    list(text).schema,
  ),
  read: (data) => (Array.isArray(data) ? data.map(String) : splitCommand(String(data))),
  write: (value) => (value.length === 1 && /^[^\s'"]+$/.test(value[0]) ? value[0] : value),
};

/** `/path/program`, `[ /path/program, argument ]`, or with the user it runs as. */
export const program: Codec<Program> = {
  schema: either(
    "a program is needed; write '/path/program', or { command: [ /path/program, argument ], user: nobody }",
    z.string(),
    list(text).schema,
    strict('a program', {
      command: command.schema.describe('The program and its arguments; no shell takes them apart.'),
      user: text.schema.optional().describe('User it runs as.'),
      group: text.schema.optional().describe('Group it runs as; that of the user where nothing is written.'),
    }),
  ),
  read: (data, place) => {
    const own: { [key: string]: Plain } = isObject(data) ? data : { command: data };
    const found = command.read(own.command, place);
    if (found === undefined || found.length === 0)
      return place.error('missing-value', 'the program is empty', 'write its full path');
    return { command: found, ...texts(own, 'user', 'group'), loc: place.loc };
  },
  write: ({ command: words, user, group }) => {
    if (user === undefined && group === undefined) return command.write(words);
    return new Map<string, Written>([
      ['command', command.write(words)],
      ...written('user', user),
      ...written('group', group),
    ]);
  },
};

function texts(data: { [key: string]: Plain }, ...keys: string[]): { [key: string]: string } {
  return Object.fromEntries(keys.filter((key) => data[key] !== undefined).map((key) => [key, String(data[key])]));
}

export function written(key: string, value: Written | undefined): [string, Written][] {
  return value === undefined ? [] : [[key, value]];
}

/** `NAME`, or `{ name: NAME, weight: -20, reverse: true }`. */
export function tracked(limit: number): Codec<Tracked> {
  return {
    schema: either(
      'a name is needed; write NAME, or { name: NAME, weight: -20 }',
      z.string(),
      strict('a thing that is watched', {
        name: text.schema.describe('What is watched.'),
        weight: count(-limit, limit)
          .schema.optional()
          .describe(
            'Added to the priority: a positive one while it is well, a negative one while it is not; with 0 the address goes when it is not well.',
          ),
        reverse: flag.schema.optional().describe('The other way round.'),
      }),
    ),
    read: (data, place) => {
      if (!isObject(data)) return { name: String(data), loc: place.loc };
      const weight = data.weight === undefined ? {} : { weight: Number(data.weight) };
      const reverse = data.reverse === undefined ? {} : { reverse: data.reverse === true };
      return { name: String(data.name), ...weight, ...reverse, loc: place.loc };
    },
    write: ({ name, weight, reverse }) =>
      weight === undefined && reverse === undefined
        ? name
        : new Map<string, Written>([['name', name], ...written('weight', weight), ...written('reverse', reverse)]),
  };
}

/** `10.0.0.2`, or with the TTL its packets must have. */
export const peer: Codec<UnicastPeer> = {
  schema: either(
    "the address of a router is needed; write such as '10.0.0.2'",
    z.string(),
    strict('a peer', {
      address: ip.schema.describe('Its address.'),
      'min-ttl': count(0, 255).schema.optional().describe('Packets with a lower TTL are refused.'),
      'max-ttl': count(0, 255).schema.optional().describe('Packets with a higher TTL are refused.'),
    }),
  ),
  read: (data, place) => {
    const own: { [key: string]: Plain } = isObject(data) ? data : { address: data };
    const address = ip.read(own.address, isObject(data) ? place.child('address') : place);
    if (address === undefined) return undefined;
    const ttl = (key: string, name: 'minTtl' | 'maxTtl') =>
      own[key] === undefined ? {} : { [name]: Number(own[key]) };
    return { ip: address, ...ttl('min-ttl', 'minTtl'), ...ttl('max-ttl', 'maxTtl'), loc: place.loc };
  },
  write: ({ ip: address, minTtl, maxTtl }) =>
    minTtl === undefined && maxTtl === undefined
      ? address
      : new Map<string, Written>([['address', address], ...written('min-ttl', minTtl), ...written('max-ttl', maxTtl)]),
};

/** Things by name, in the order of the file. */
export function byName<V>(
  data: Plain | undefined,
  place: Place,
  read: (name: string, data: Plain, place: Place) => V | undefined,
): V[] {
  return data === undefined ? [] : place.entries(data).flatMap(([name, entry, at]) => read(name, entry, at) ?? []);
}
