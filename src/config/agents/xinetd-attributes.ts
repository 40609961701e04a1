/** The attributes of one xinetd service: which count here, which only xinetd itself had a use for, and which cannot be. */
import type { Diagnostics, Loc } from '../diagnostics.js';
import type { AgentEndpoint } from '../model.js';
import { didYouMean } from '../suggest.js';
import { xinetdNetworks } from './networks.js';
import type { Attribute, Entry, Word } from './xinetd-syntax.js';

/** What a service says, read. */
export interface Attributes {
  id?: string;
  port?: number;
  portLoc?: Loc;
  bind?: Word;
  server?: Word;
  args: readonly Word[];
  env: { [name: string]: string };
  envLoc?: Loc;
  user?: string;
  group?: string;
  onlyFromLoc?: Loc;
  limits: Pick<AgentEndpoint, 'onlyFrom' | 'noAccess' | 'perSource' | 'maxconn' | 'connectionRate'>;
}

interface Reading {
  readonly found: Attributes;
  readonly diag: Diagnostics;
  isWrong: boolean;
}

type Handler = (attribute: Attribute, reading: Reading) => void;

/** Without meaning here: Fairlead logs in its own place, forks nothing per connection, and sets these by itself. */
const IDLE = [
  'log_type',
  'log_on_success',
  'log_on_failure',
  'nice',
  'groups',
  'mdns',
  'umask',
  'protocol',
  'libwrap',
  'passenv',
  'max_load',
  'deny_time',
  'rlimit_as',
  'rlimit_files',
  'rlimit_cpu',
  'rlimit_data',
  'rlimit_rss',
  'rlimit_stack',
];

/** Would be left out at the cost of safety or of meaning. */
const REFUSED: { readonly [name: string]: string } = {
  access_times: 'times of access are not supported',
  redirect: 'redirection is not an endpoint: it is a service',
  banner: 'banners are not supported: they would stand in front of the answer',
  banner_success: 'banners are not supported: they would stand in front of the answer',
  banner_fail: 'banners are not supported',
  rpc_version: 'RPC services are not supported',
  rpc_number: 'RPC services are not supported',
};

const HARMLESS_FLAGS = ['REUSE', 'NODELAY', 'KEEPALIVE', 'IPv4', 'IPv6', 'NORETRY', 'NOLIBWRAP', 'LABELED'];

const HANDLERS: { readonly [name: string]: Handler } = {
  id: (a, r) => (r.found.id = a.values[0]?.text),
  disable: () => undefined,
  socket_type: (a, r) => must(a, r, ['stream'], 'an endpoint is asked over TCP'),
  wait: (a, r) => must(a, r, ['no'], 'an endpoint answers many at a time'),
  type: (a, r) => mustAll(a, r, ['UNLISTED'], 'only services with a program of their own can be endpoints'),
  flags: (a, r) => mustAll(a, r, HARMLESS_FLAGS, 'this flag is not supported'),
  port: (a, r) => {
    r.found.port = integer(a, r, 1, 65535);
    r.found.portLoc = a.values[0]?.loc;
  },
  bind: (a, r) => readBind(a, r),
  interface: (a, r) => readBind(a, r),
  server: (a, r) => (r.found.server = a.values[0]),
  server_args: (a, r) => (r.found.args = a.values),
  user: (a, r) => (r.found.user = a.values[0]?.text),
  group: (a, r) => (r.found.group = a.values[0]?.text),
  env: (a, r) => readEnv(a, r),
  only_from: (a, r) => {
    r.found.limits.onlyFrom = addNetworks(r.found.limits.onlyFrom, a, r);
    r.found.onlyFromLoc ??= a.loc;
  },
  no_access: (a, r) => (r.found.limits.noAccess = addNetworks(r.found.limits.noAccess, a, r)),
  per_source: (a, r) => (r.found.limits.perSource = limit(a, r)),
  instances: (a, r) => (r.found.limits.maxconn = limit(a, r)),
  cps: (a, r) => readRate(a, r),
};

const KNOWN = [...Object.keys(HANDLERS), ...IDLE, ...Object.keys(REFUSED)];

/** Those of `defaults` that hold for the entry: lists grow, other values are replaced. */
export function inherited(defaults: readonly Attribute[], entry: Entry): Attribute[] {
  const isCumulative = ({ name }: Attribute) => ['only_from', 'no_access'].includes(name);
  const own = new Set(entry.attributes.map(({ name }) => name));
  return defaults.filter((each) => isCumulative(each) || !own.has(each.name));
}

/** @returns undefined for a service that is switched off, and for one that cannot be served (with complaints) */
export function attributesOf(entry: Entry, defaults: readonly Attribute[], diag: Diagnostics): Attributes | undefined {
  if (isDisabled(entry, defaults)) return undefined;
  const reading: Reading = { found: { args: [], env: {}, limits: {} }, diag, isWrong: false };
  const idle: Attribute[] = [];
  for (const attribute of [...defaults, ...entry.attributes]) {
    if (['enabled', 'disabled'].includes(attribute.name)) continue;
    if (IDLE.includes(attribute.name)) idle.push(attribute);
    else handle(attribute, reading);
  }
  complainTwice(entry, reading);
  for (const { name, loc } of idle.filter(({ name }) => !name.startsWith('log_') && name !== 'protocol'))
    diag.notice('no-effect', loc, `'${name}' has no effect: no program is started for a connection`);
  if (reading.found.server === undefined)
    wrong(reading, entry.loc, `service '${entry.service}' has no program`, "add 'server = /path'");
  return reading.isWrong ? undefined : reading.found;
}

function isDisabled(entry: Entry, defaults: readonly Attribute[]): boolean {
  const value = (name: string) => entry.attributes.find((each) => each.name === name)?.values[0]?.text.toLowerCase();
  const listed = (name: string) =>
    defaults.filter((each) => each.name === name).flatMap((each) => each.values.map(({ text }) => text));
  const id = entry.attributes.find(({ name }) => name === 'id')?.values[0]?.text ?? entry.service!;
  const enabled = listed('enabled');
  return value('disable') === 'yes' || listed('disabled').includes(id) || (enabled.length > 0 && !enabled.includes(id));
}

function handle(attribute: Attribute, reading: Reading): void {
  const { name, loc, values, operator } = attribute;
  const handler = Object.hasOwn(HANDLERS, name) ? HANDLERS[name] : undefined;
  if (handler === undefined) {
    const isKnown = Object.hasOwn(REFUSED, name);
    const message = isKnown ? REFUSED[name] : `unknown attribute '${name}'`;
    wrong(reading, loc, message, isKnown ? 'remove the line' : didYouMean(name, KNOWN, 'see xinetd.conf(5)'));
  } else if (values.length === 0 && !['only_from', 'no_access', 'server_args'].includes(name))
    wrong(reading, loc, `'${name}' has no value`, `write '${name} = VALUE'`);
  else if (operator !== '=' && !['only_from', 'no_access', 'env', 'flags'].includes(name))
    wrong(reading, loc, `'${name}' takes '=' alone, not '${operator}'`, `write '${name} = …'`);
  else handler(attribute, reading);
}

/** Only lists may be written twice (xinetd.conf(5)). */
function complainTwice(entry: Entry, reading: Reading): void {
  const seen = new Set<string>();
  for (const { name, loc } of entry.attributes) {
    const isList = ['only_from', 'no_access', 'env', 'passenv', 'log_on_success', 'log_on_failure'].includes(name);
    if (seen.has(name) && !isList) wrong(reading, loc, `'${name}' is written twice`, 'keep one of the two');
    seen.add(name);
  }
}

function wrong(reading: Reading, loc: Loc, message: string, remedy?: string): void {
  reading.isWrong = true;
  reading.diag.error('xinetd-attribute', loc, message, remedy);
}

function must({ name, values }: Attribute, reading: Reading, words: readonly string[], why: string): void {
  const [value] = values;
  if (!words.includes(value.text))
    wrong(reading, value.loc, `'${name} = ${value.text}': ${why}`, `write '${name} = ${words[0]}'`);
}

function mustAll({ name, values }: Attribute, reading: Reading, words: readonly string[], why: string): void {
  for (const value of values)
    if (!words.includes(value.text)) wrong(reading, value.loc, `'${name} = ${value.text}': ${why}`, 'remove it');
}

function integer({ name, values }: Attribute, reading: Reading, min: number, max: number): number | undefined {
  const [{ text, loc }] = values;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  wrong(reading, loc, `'${text}' is no value for '${name}'`, `write a number from ${min} to ${max}`);
  return undefined;
}

function limit(attribute: Attribute, reading: Reading): number | undefined {
  if (attribute.values[0].text.toUpperCase() === 'UNLIMITED') return undefined;
  return integer(attribute, reading, 1, 1_000_000);
}

function readRate(attribute: Attribute, reading: Reading): void {
  const perSecond = integer(attribute, reading, 1, 1_000_000);
  const [, pause] = attribute.values;
  const seconds = pause && integer({ ...attribute, values: [pause] }, reading, 1, 86_400);
  if (pause === undefined) wrong(reading, attribute.loc, "'cps' has no pause", "write 'cps = 50 10'");
  else if (perSecond !== undefined && seconds !== undefined)
    reading.found.limits.connectionRate = { perSecond, pauseMs: seconds * 1000 };
}

/** A placeholder that was pasted as it stands names no interface: then all are meant. */
function readBind({ name, values }: Attribute, { found, diag }: Reading): void {
  const [value] = values;
  if (!/^<.*>?$/.test(value.text)) {
    found.bind = value;
    return;
  }
  const message = `'${values.map(({ text }) => text).join(' ')}' is a placeholder: the service listens on all addresses`;
  diag.warning(
    'placeholder',
    value.loc,
    message,
    `write '${name} = ADDRESS' with an address of this host, or remove the line`,
  );
}

function readEnv({ values, loc }: Attribute, reading: Reading): void {
  reading.found.envLoc ??= loc;
  for (const { text, loc: at } of values) {
    const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/.exec(text) ?? [];
    if (name === undefined) wrong(reading, at, 'no variable', "write 'env = NAME=value'");
    else reading.found.env[name] = value;
    if (name !== undefined && /PASS|SECRET|TOKEN/i.test(name)) reading.diag.hide(at);
  }
}

/** `=` and `+=` both add: a service may name an attribute of this kind several times. */
function addNetworks(before: string[] | undefined, { values, operator }: Attribute, reading: Reading): string[] {
  const networks = values.flatMap(({ text, loc }) => {
    const parsed = xinetdNetworks(text);
    if (parsed.ok) return parsed.value;
    wrong(reading, loc, parsed.message, parsed.remedy);
    return [];
  });
  if (operator === '-=') return (before ?? []).filter((each) => !networks.includes(each));
  return [...new Set([...(before ?? []), ...networks])];
}
