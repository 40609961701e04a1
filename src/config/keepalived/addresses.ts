/** Addresses as `ip address add` takes them, from text and to text; the same words in keepalived.conf and fairlead.yaml. */
import { bitsOf, familyOf, ipv4Of } from '../ip-text.js';
import type { VirtualAddress } from '../model.js';
import { didYouMean } from '../suggest.js';
import { type RouteNames, USUAL_SCOPES } from './iproute.js';
import type { Line } from './line.js';
import type { Word } from './syntax.js';

/** What an entry may say beyond the model. */
export interface EntryOptions {
  readonly names: RouteNames;
  /** `static_…`: `track_group` is for these, `no_track` for the others. */
  readonly isStatic: boolean;
}

type Option = (line: Line, to: VirtualAddress, options: EntryOptions) => void;

const OPTIONS: { readonly [word: string]: Option } = {
  brd: (line, to) => setBroadcast(line, to),
  broadcast: (line, to) => setBroadcast(line, to),
  dev: (line, to) => set(to, 'interface', interfaceOf(line)),
  scope: (line, to, { names }) => set(to, 'scope', numberOf(line, names, 'scopes', 'scope')),
  label: (line, to) => set(to, 'label', labelOf(line)),
  peer: (line, to) => setPeer(line, to),
  home: (_, to) => set(to, 'home', true),
  '-nodad': (_, to) => set(to, 'noDad', true),
  nodad: (_, to) => set(to, 'noDad', true),
  mngtmpaddr: (_, to) => set(to, 'manageTempAddress', true),
  noprefixroute: (_, to) => set(to, 'noPrefixRoute', true),
  autojoin: (_, to) => set(to, 'autojoin', true),
  use_vmac: (_, to) => set(to, 'usesVmac', true),
  preferred_lft: (line, to) => set(to, 'preferredLifetimeS', lifetimeOf(line)),
  no_track: (_, to) => set(to, 'track', false),
  track_group: (line, _, options) => trackGroup(line, options),
};

/** @param line whose first word is the address itself */
export function readAddress(line: Line, options: EntryOptions): VirtualAddress | undefined {
  const [first] = line.statement.words;
  const net = networkOf(first.text);
  if (net === undefined)
    return line.error(
      first,
      'bad-address',
      `'${first.text}' is no address`,
      "write such as '10.0.0.100/24' or '2001:db8::100/64'",
    );
  const address: VirtualAddress = { ip: net.ip, prefixLength: net.prefixLength, loc: first.loc };
  for (let word = line.next(); word !== undefined; word = line.next()) {
    const option = Object.hasOwn(OPTIONS, word.text) ? OPTIONS[word.text] : undefined;
    if (option === undefined) return unknownOption(line, word, OPTIONS, 'an address');
    option(line, address, options);
  }
  return address;
}

/** `10.0.0.100/24`; without a length the address alone. */
export function networkOf(text: string): { ip: string; prefixLength: number } | undefined {
  const [, ip, length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = ip === undefined ? undefined : familyOf(ip);
  if (family === undefined || ip.includes('%')) return undefined;
  const bits = family === 4 ? 32 : 128;
  const prefixLength = length === undefined ? bits : Number(length);
  return prefixLength > bits ? undefined : { ip, prefixLength };
}

/** An unknown word, or one address too many on a line: both leave the entry out. */
export function unknownOption(line: Line, word: Word, known: object, what: string): undefined {
  if (networkOf(word.text) !== undefined)
    return line.error(
      word,
      'bad-value',
      `a second address '${word.text}' on one line`,
      'write each on a line of its own',
    );
  const near = didYouMean(word.text, Object.keys(known), `known here: ${Object.keys(known).join(', ')}`);
  return line.error(word, 'unknown-option', `unknown word '${word.text}' in ${what}`, near);
}

export function set<T, K extends keyof T>(to: T, name: K, value: T[K] | undefined): void {
  if (value !== undefined) to[name] = value;
}

/** IFNAMSIZ, without the zero at the end. */
const INTERFACE_LENGTH = 15;

export function interfaceOf(line: Line): string | undefined {
  const word = line.needed('an interface');
  if (word === undefined) return undefined;
  if (isInterface(word.text)) return word.text;
  const remedy = `write a name of at most ${INTERFACE_LENGTH} characters, such as 'eth0'`;
  return line.error(word, 'bad-interface', `'${word.text}' cannot be an interface`, remedy);
}

export function isInterface(name: string): boolean {
  return name.length <= INTERFACE_LENGTH && /^[^\s/:]+$/.test(name) && name !== '.' && name !== '..';
}

export function numberOf(line: Line, names: RouteNames, kind: Parameters<RouteNames['number']>[0], what: string) {
  const word = line.needed(`a ${what}`);
  if (word === undefined) return undefined;
  const found = names.number(kind, word.text);
  if (found !== undefined) return found;
  const remedy = didYouMean(word.text, names.names(kind), `write a number, or a name of /etc/iproute2/rt_${kind}`);
  return line.error(word, 'bad-value', `'${word.text}' is no ${what}`, remedy);
}

function labelOf(line: Line): string | undefined {
  const word = line.needed('a label');
  if (word === undefined || word.text.length <= INTERFACE_LENGTH) return word?.text;
  return line.error(
    word,
    'bad-value',
    `the label '${word.text}' is too long`,
    `write ${INTERFACE_LENGTH} characters at most`,
  );
}

/** `+` and `-` set and clear the bits of the host. */
function setBroadcast(line: Line, to: VirtualAddress): void {
  const word = line.needed('an address');
  if (word === undefined) return;
  const isIPv4 = familyOf(to.ip) === 4;
  const host = isIPv4 ? (1n << BigInt(32 - to.prefixLength)) - 1n : 0n;
  if (word.text === '+' && isIPv4) to.broadcast = ipv4Of(bitsOf(to.ip) | host);
  else if (word.text === '-' && isIPv4) to.broadcast = ipv4Of((bitsOf(to.ip) | host) ^ host);
  else if (familyOf(word.text) === 4 && isIPv4) to.broadcast = word.text;
  else
    line.error(
      word,
      'bad-address',
      `'${word.text}' is no broadcast address of ${to.ip}`,
      "write an IPv4 address, '+' or '-'",
    );
}

function setPeer(line: Line, to: VirtualAddress): void {
  const word = line.needed('an address');
  if (word === undefined) return;
  const net = networkOf(word.text);
  if (net === undefined || familyOf(net.ip) !== familyOf(to.ip)) {
    line.error(
      word,
      'bad-address',
      `'${word.text}' is no address of the family of ${to.ip}`,
      'write the address at the other end',
    );
    return;
  }
  to.peer = net.ip;
  // The length of the peer is that of the network (ip-address(8)).
  if (word.text.includes('/')) to.prefixLength = net.prefixLength;
}

function lifetimeOf(line: Line): number | undefined {
  if (line.peek()?.text !== 'forever') return line.integer(0, 0xfffffffe);
  line.next();
  return Number.POSITIVE_INFINITY;
}

export function trackGroup(line: Line, { isStatic }: EntryOptions): void {
  const word = line.needed('a name');
  if (word === undefined) return;
  if (!isStatic)
    line.error(
      word,
      'misplaced',
      "'track_group' is for static addresses, routes and rules",
      "write 'no_track' not to watch it",
    );
  else {
    const remedy = "track the interface instead: 'track_interface'";
    line.diag.warning(
      'not-run',
      word.loc,
      `'track_group ${word.text}': what is static is put in place and not watched`,
      remedy,
    );
  }
}

/** As `readAddress` reads it. */
export function addressText(address: VirtualAddress): string {
  const full = familyOf(address.ip) === 4 ? 32 : 128;
  // With a peer the length is written behind that one.
  const length = address.prefixLength === full || address.peer !== undefined ? '' : `/${address.prefixLength}`;
  const peerLength = address.prefixLength === full ? '' : `/${address.prefixLength}`;
  const lifetime = address.preferredLifetimeS;
  return [
    `${address.ip}${length}`,
    ...pair('peer', address.peer && `${address.peer}${peerLength}`),
    ...pair('brd', address.broadcast),
    ...pair('dev', address.interface),
    ...pair('label', address.label),
    ...pair('scope', scopeText(address.scope)),
    ...pair('preferred_lft', lifetime === Number.POSITIVE_INFINITY ? 'forever' : lifetime),
    ...word('use_vmac', address.usesVmac),
    ...word('home', address.home),
    ...word('-nodad', address.noDad),
    ...word('mngtmpaddr', address.manageTempAddress),
    ...word('noprefixroute', address.noPrefixRoute),
    ...word('autojoin', address.autojoin),
    ...word('no_track', address.track === false),
  ].join(' ');
}

/** Its name where it has one everywhere. */
export function scopeText(scope: number | undefined): string | undefined {
  return scope === undefined ? undefined : (USUAL_SCOPES.get(scope) ?? String(scope));
}

export function pair(name: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [name, String(value)];
}

export function word(name: string, isSet: boolean | undefined): string[] {
  return isSet === true ? [name] : [];
}
