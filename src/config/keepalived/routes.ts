/** Routes as `ip route add` takes them (and keepalived's older words), from text and to text. */
import { familyOf } from '../ip-text.js';
import type { VirtualRoute } from '../model.js';
import {
  type EntryOptions,
  interfaceOf,
  networkOf,
  numberOf,
  pair,
  scopeText,
  set,
  trackGroup,
  unknownOption,
  word,
} from './addresses.js';
import type { Line } from './line.js';

type Nexthop = NonNullable<VirtualRoute['nexthops']>[number];

/** While it is read: the family may come from any address in it. */
interface Draft extends Omit<VirtualRoute, 'family' | 'destination' | 'prefixLength'> {
  family?: 4 | 6;
  destination?: string;
  prefixLength?: number;
  /** Where `via`, `dev`, `weight` and `onlink` belong after `nexthop`. */
  hop?: Nexthop;
}

const TYPES = ['unicast', 'blackhole', 'unreachable', 'prohibit', 'throw', 'local'] as const;

type Option = (line: Line, to: Draft, options: EntryOptions) => void;

const via: Option = (line, to) => {
  const word = line.needed('an address');
  if (word === undefined) return;
  // `via inet6 ADDRESS`
  const ip = word.text === 'inet' || word.text === 'inet6' ? line.needed('an address') : word;
  if (ip === undefined) return;
  if (familyOf(ip.text) === undefined) {
    line.error(ip, 'bad-address', `'${ip.text}' is no gateway`, "write its address, such as '10.0.0.1'");
    return;
  }
  (to.hop ?? to).via = ip.text;
  if (to.hop === undefined) to.family ??= familyOf(ip.text);
};

const dev: Option = (line, to) => set(to.hop ?? to, 'interface', interfaceOf(line));
const metric: Option = (line, to) => set(to, 'metric', line.integer(0, 0xffffffff));
const tos: Option = (line, to, { names }) => set(to, 'tos', numberOf(line, names, 'dsfield', 'type of service'));
const protocol: Option = (line, to, { names }) => set(to, 'protocol', numberOf(line, names, 'protos', 'protocol'));
const destination: Option = (line, to) => setDestination(line, to);

const OPTIONS: { readonly [word: string]: Option } = {
  inet: (_, to) => set(to, 'family', 4),
  inet6: (_, to) => set(to, 'family', 6),
  to: destination,
  via,
  gw: via,
  or: (line, to, options) => {
    const [first, second]: [Nexthop, Nexthop] = [hopOf(to), {}];
    to.nexthops = [...(to.nexthops ?? [first]), second];
    to.hop = second;
    via(line, to, options);
    to.hop = undefined;
  },
  dev,
  oif: dev,
  src: (line, to) => setSource(line, to),
  scope: (line, to, { names }) => set(to, 'scope', numberOf(line, names, 'scopes', 'scope')),
  table: (line, to, { names }) => set(to, 'table', numberOf(line, names, 'tables', 'table')),
  metric,
  priority: metric,
  preference: metric,
  tos,
  dsfield: tos,
  proto: protocol,
  protocol,
  onlink: (_, to) => set(to.hop ?? to, 'onlink', true),
  nexthop: (_, to) => {
    to.hop = {};
    to.nexthops = [...(to.nexthops ?? []), to.hop];
  },
  weight: (line, to) => {
    const weight = line.integer(1, 256);
    if (to.hop === undefined)
      line.error(undefined, 'misplaced', "'weight' belongs to a 'nexthop'", "write 'nexthop via … weight N'");
    else set(to.hop, 'weight', weight);
  },
  no_track: (_, to) => set(to, 'track', false),
  track_group: (line, _, options) => trackGroup(line, options),
  mtu: (line, to) => set(to, 'mtu', unlocked(line)),
  advmss: (line, to) => set(to, 'advmss', unlocked(line)),
};

/** @param line whose first word begins the route */
export function readRoute(line: Line, options: EntryOptions): VirtualRoute | undefined {
  const first = line.statement.words[0];
  const draft: Draft = { type: 'unicast', loc: first.loc };
  const type = TYPES.find((each) => each === first.text);
  if (type !== undefined) draft.type = type;
  else if (!startsWithOption(first.text) && !takeDestination(first.text, draft))
    return unknownOption(line, first, OPTIONS, 'a route');
  if (type === undefined && startsWithOption(first.text)) OPTIONS[first.text](line, draft, options);
  for (let word = line.next(); word !== undefined; word = line.next()) {
    const option = Object.hasOwn(OPTIONS, word.text) ? OPTIONS[word.text] : undefined;
    if (option !== undefined) option(line, draft, options);
    else if (draft.destination !== undefined || !takeDestination(word.text, draft))
      return unknownOption(line, word, OPTIONS, 'a route');
  }
  return finished(line, draft);
}

function startsWithOption(text: string): boolean {
  return Object.hasOwn(OPTIONS, text);
}

function takeDestination(text: string, to: Draft): boolean {
  if (text === 'default') {
    to.destination = 'default';
    return true;
  }
  const net = networkOf(text);
  if (net === undefined) return false;
  [to.destination, to.prefixLength] = [net.ip, net.prefixLength];
  to.family ??= familyOf(net.ip);
  return true;
}

function setDestination(line: Line, to: Draft): void {
  const word = line.needed('a network');
  if (word === undefined || takeDestination(word.text, to)) return;
  line.error(word, 'bad-address', `'${word.text}' is no network`, "write such as '10.1.0.0/16' or 'default'");
}

function setSource(line: Line, to: Draft): void {
  const ip = line.ip();
  if (ip === undefined) return;
  to.source = ip;
  to.family ??= familyOf(ip);
}

function hopOf({ via, interface: dev }: Draft): Nexthop {
  return { ...(via && { via }), ...(dev && { interface: dev }) };
}

function unlocked(line: Line): number | undefined {
  if (line.peek()?.text !== 'lock') return line.integer(0, 0xffffffff);
  const lock = line.next();
  line.next();
  return line.error(lock, 'unsupported', "'lock' is not supported", 'write the number alone');
}

function finished(line: Line, { hop: _, ...draft }: Draft): VirtualRoute | undefined {
  const family = draft.family ?? 4;
  const isDefault = draft.destination === 'default';
  const destination = isDefault ? (family === 4 ? '0.0.0.0' : '::') : draft.destination;
  if (destination === undefined)
    return line.error(undefined, 'bad-value', 'the route leads nowhere', "write a network, or 'default'");
  if (familyOf(destination) !== family)
    return line.error(undefined, 'bad-value', `the route has addresses of both families`, 'write two routes');
  const { via, interface: dev, ...rest } = draft;
  const isMulti = draft.nexthops !== undefined;
  const hop = isMulti ? {} : { ...(via && { via }), ...(dev && { interface: dev }) };
  const nexthops = isMulti ? { nexthops: shared(draft) } : {};
  return { ...rest, ...hop, ...nexthops, family, destination, prefixLength: isDefault ? 0 : draft.prefixLength! };
}

/** `via A or B dev eth1`: the interface is that of both. */
function shared({ nexthops, interface: dev }: Draft): Nexthop[] {
  return nexthops!.map((each) =>
    dev === undefined || each.interface !== undefined ? each : { ...each, interface: dev },
  );
}

/** As `readRoute` reads it. */
export function routeText(route: VirtualRoute): string {
  const { family, destination, prefixLength } = route;
  const isDefault = prefixLength === 0;
  return [
    ...word(route.type, route.type !== 'unicast'),
    ...word('inet6', isDefault && family === 6),
    isDefault ? 'default' : prefixLength === (family === 4 ? 32 : 128) ? destination : `${destination}/${prefixLength}`,
    ...hopWords(route),
    ...pair('src', route.source),
    ...pair('scope', scopeText(route.scope)),
    ...pair('table', route.table),
    ...pair('metric', route.metric),
    ...pair('protocol', route.protocol),
    ...pair('tos', route.tos),
    ...pair('mtu', route.mtu),
    ...pair('advmss', route.advmss),
    ...word('no_track', route.track === false),
    ...(route.nexthops ?? []).flatMap((hop) => ['nexthop', ...hopWords(hop)]),
  ].join(' ');
}

function hopWords(hop: Nexthop): string[] {
  return [
    ...pair('via', hop.via),
    ...pair('dev', hop.interface),
    ...pair('weight', hop.weight),
    ...word('onlink', hop.onlink),
  ];
}
