/** Rules as `ip rule add` takes them, from text and to text. */
import { familyOf } from '../ip-text.js';
import type { VirtualRule } from '../model.js';
import {
  type EntryOptions,
  interfaceOf,
  networkOf,
  numberOf,
  pair,
  set,
  trackGroup,
  unknownOption,
  word,
} from './addresses.js';
import type { Line } from './line.js';

type Option = (line: Line, to: VirtualRule, options: EntryOptions) => void;

const preference: Option = (line, to) => set(to, 'preference', line.integer(0, 0xffffffff));
const table: Option = (line, to, { names }) => set(to, 'table', numberOf(line, names, 'tables', 'table'));
const iif: Option = (line, to) => set(to, 'iif', interfaceOf(line));
const tos: Option = (line, to, { names }) => set(to, 'tos', numberOf(line, names, 'dsfield', 'type of service'));
const end = (action: VirtualRule['action']): Option => {
  return (_, to) => {
    to.action = action;
  };
};

const OPTIONS: { readonly [word: string]: Option } = {
  not: (_, to) => set(to, 'not', true),
  from: (line, to) => setNetwork(line, to, 'from'),
  to: (line, to) => setNetwork(line, to, 'to'),
  inet: (_, to) => set(to, 'family', 4),
  inet6: (_, to) => set(to, 'family', 6),
  fwmark: (line, to) => setMark(line, to),
  tos,
  dsfield: tos,
  iif,
  dev: iif,
  oif: (line, to) => set(to, 'oif', interfaceOf(line)),
  preference,
  pref: preference,
  priority: preference,
  order: preference,
  table,
  lookup: table,
  goto: (line, to) => {
    set(to, 'goto', line.integer(0, 0xffffffff));
    to.action = 'goto';
  },
  blackhole: end('blackhole'),
  unreachable: end('unreachable'),
  prohibit: end('prohibit'),
  no_track: (_, to) => set(to, 'track', false),
  track_group: (line, _, options) => trackGroup(line, options),
};

/** One of these must be there, as keepalived asks for it. */
const ACTIONS = ['table', 'lookup', 'goto', 'blackhole', 'unreachable', 'prohibit'];

/** @param line whose first word begins the rule */
export function readRule(line: Line, options: EntryOptions): VirtualRule | undefined {
  const first = line.statement.words[0];
  const rule: VirtualRule = { family: 4, action: 'table', loc: first.loc };
  for (let word: typeof first | undefined = first; word !== undefined; word = line.next()) {
    const option = Object.hasOwn(OPTIONS, word.text) ? OPTIONS[word.text] : undefined;
    if (option === undefined) return unknownOption(line, word, OPTIONS, 'a rule');
    option(line, rule, options);
  }
  if (!ACTIONS.some((name) => line.statement.words.some(({ text }) => text === name)))
    return line.error(first, 'bad-value', 'the rule says nothing that is to be done', "write 'table N' behind it");
  const sides = [rule.from, rule.to].flatMap((net) => (net === undefined ? [] : familyOf(net.replace(/\/.*/, ''))));
  if (new Set(sides).size > 1)
    return line.error(first, 'bad-value', 'the rule has networks of both families', 'write two rules');
  rule.family = sides[0] ?? rule.family;
  return rule;
}

function setNetwork(line: Line, to: VirtualRule, name: 'from' | 'to'): void {
  const word = line.needed('a network');
  if (word === undefined || word.text === 'all' || word.text === 'any' || word.text === 'default') return;
  const net = networkOf(word.text);
  if (net === undefined) {
    line.error(word, 'bad-address', `'${word.text}' is no network`, "write such as '10.1.0.0/16'");
    return;
  }
  to[name] = word.text.includes('/') ? word.text : `${net.ip}/${net.prefixLength}`;
}

/** `MARK[/MASK]` */
function setMark(line: Line, to: VirtualRule): void {
  const word = line.needed('a mark');
  if (word === undefined) return;
  const parts = word.text.split('/');
  const numbers = parts.map((part) => (/^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(part) ? Number(part) : Number.NaN));
  if (parts.length > 2 || numbers.some((n) => !(n <= 0xffffffff))) {
    line.error(word, 'bad-value', `'${word.text}' is no firewall mark`, "write 'MARK' or 'MARK/MASK'");
    return;
  }
  to.fwmark = numbers[0];
  set(to, 'fwmask', numbers[1]);
}

/** As `readRule` reads it. */
export function ruleText(rule: VirtualRule): string {
  const mask = rule.fwmask === undefined ? '' : `/${rule.fwmask}`;
  return [
    ...word('not', rule.not),
    ...word('inet6', rule.family === 6 && rule.from === undefined && rule.to === undefined),
    ...pair('from', rule.from),
    ...pair('to', rule.to),
    ...pair('fwmark', rule.fwmark === undefined ? undefined : `${rule.fwmark}${mask}`),
    ...pair('tos', rule.tos),
    ...pair('iif', rule.iif),
    ...pair('oif', rule.oif),
    ...pair('preference', rule.preference),
    ...pair('table', rule.table),
    ...pair('goto', rule.goto),
    ...word(rule.action, rule.action !== 'table' && rule.action !== 'goto'),
  ]
    .concat(word('no_track', rule.track === false))
    .join(' ');
}
