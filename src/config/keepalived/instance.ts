/** `vrrp_instance`: one virtual router as it is written. What it takes from elsewhere is put in when all is read. */
import type { Loc } from '../diagnostics.js';
import { familyOf } from '../ip-text.js';
import type { UnicastPeer, VirtualAddress, VrrpInstance } from '../model.js';
import { DEFAULT_ADVERT_MS, DEFAULT_PRIORITY, PASSWORD_BYTES } from '../vip-defaults.js';
import { type EntryOptions, interfaceOf, isInterface, readAddress, unknownOption } from './addresses.js';
import { GARP, isMulticast4, isMulticast6 } from './globals.js';
import { block, type Keyword, type Keywords, keyword, Line, readBlock } from './line.js';
import { INSTANCE_REASONS, reasonKeywords } from './not-run.js';
import { NOTIFY } from './programs.js';
import { readRoute } from './routes.js';
import { readRule } from './rules.js';
import { type Names, nameOf } from './scripts.js';
import type { Statement } from './syntax.js';
import { noTracking, TRACK } from './track.js';

/** An instance while it is read. */
export interface Draft extends Omit<VrrpInstance, 'version' | 'family' | 'virtualRouterId'> {
  version?: 2 | 3;
  virtualRouterId?: number;
  readonly options: EntryOptions;
  /** Keywords that stand in it, understood or not. */
  readonly keywords: ReadonlySet<string>;
  /** Addresses and peers that were read already. */
  readonly held: Set<string>;
  /** `use_vmac_addr`, which alone makes no VMAC for the instance itself. */
  hasVmacs?: boolean;
  usesVmac?: boolean;
  isIPv6?: boolean;
  authType?: string;
  mustHavePeers?: Loc;
  /** A keyword that is about unicast was written here. */
  isUnicast?: Loc;
}

export function readInstance(
  line: Line,
  names: Names,
  statements: readonly Statement[],
  options: EntryOptions,
): Draft | undefined {
  const name = nameOf(line, names, 'vrrp_instance');
  if (name === undefined) return undefined;
  const draft: Draft = {
    name,
    priority: DEFAULT_PRIORITY,
    advertIntervalMs: DEFAULT_ADVERT_MS,
    addresses: [],
    excludedAddresses: [],
    routes: [],
    rules: [],
    garp: {},
    track: noTracking(),
    notify: { any: [] },
    loc: line.loc,
    at: { name: line.statement.words[1].loc },
    options,
    held: new Set(),
    keywords: new Set(statements.map(({ words }) => words[0].text)),
  };
  readBlock(statements, INSTANCE, draft, 'vrrp_instance', line.diag);
  return draft;
}

/** Sets what was read, and where. */
function put<K extends keyof Draft & string>(line: Line, to: Draft, name: K, value: Draft[K] | undefined): void {
  if (value === undefined) return;
  to[name] = value;
  to.at ??= {};
  to.at[name] = line.statement.words[1]?.loc ?? line.loc;
}

type Booleans = 'preempt' | 'accept' | 'trackPrimary' | 'promoteSecondaries' | 'mustHavePeers';

function fixed(name: Exclude<Booleans, 'mustHavePeers'>, value: boolean): Keyword<Draft> {
  return keyword((line, to) => put(line, to, name, value));
}

function flag(
  name: 'strict' | 'lowerPrioNoAdvert' | 'higherPrioSendAdvert' | 'skipCheckAdvAddr' | 'checkUnicastSource',
): Keyword<Draft> {
  return keyword((line, to) => put(line, to, name, line.flag()));
}

function addresses(name: 'addresses' | 'excludedAddresses'): Keyword<Draft> {
  return block((line, to, statements) => {
    for (const statement of statements) {
      const address = readAddress(new Line(statement, line.diag), to.options);
      if (address !== undefined) takeAddress(address, to, name, line);
    }
  });
}

function takeAddress(
  address: VirtualAddress,
  to: Draft,
  name: 'addresses' | 'excludedAddresses',
  { diag }: Line,
): void {
  const key = `${address.ip} ${address.interface ?? ''}`;
  const isTwice = to.held.has(key);
  to.held.add(key);
  if (isTwice) {
    diag.warning(
      'duplicate-address',
      address.loc,
      `${address.ip} is written twice in '${to.name}'`,
      'remove one of the two',
    );
    return;
  }
  const [first] = to.addresses;
  if (name === 'addresses' && first !== undefined && familyOf(first.ip) !== familyOf(address.ip)) {
    const message = `${address.ip} is not of the family of ${first.ip}: one advertisement has addresses of one family`;
    diag.error(
      'mixed-families',
      address.loc,
      message,
      "write it in 'virtual_ipaddress_excluded', or in an instance of its own",
    );
    return;
  }
  to[name].push(address);
}

/** A source, which must be the address of an interface. */
function source(isUnicast: boolean): Keyword<Draft> {
  return keyword((line, to) => {
    put(line, to, 'sourceIp', line.ip());
    if (isUnicast) to.isUnicast ??= line.loc;
  });
}

const AUTH: Keywords<Draft> = {
  auth_type: keyword((line, to) => {
    const word = line.needed('PASS');
    if (word === undefined) return;
    if (word.text === 'AH')
      line.error(
        word,
        'no-auth-header',
        "'auth_type AH' is not supported",
        "write 'auth_type PASS' on all routers, or no authentication",
      );
    else if (word.text === 'PASS') to.authType = 'PASS';
    else line.error(word, 'bad-value', `'${word.text}' is no kind of authentication`, "write 'auth_type PASS'");
  }),
  auth_pass: { read: readPassword },
};

/** Nothing of it may stand in a message. */
function readPassword(line: Line, to: Draft): void {
  const [, ...words] = line.statement.words;
  for (const { loc } of words) line.diag.hide(loc);
  if (words.length === 0) line.needed('a password');
  else if (words.length > 1) line.error(words[1], 'bad-value', 'the password is several words', 'put it into quotes');
  else {
    const { raw, loc } = words[0];
    const text = raw?.split(/\s/)[0] ?? words[0].text;
    const quotes = 'single quotes are a part of a password, as keepalived has it';
    if (raw !== undefined) line.diag.warning('password-quotes', loc, quotes, 'write double quotes, or none');
    if (Buffer.byteLength(text) > PASSWORD_BYTES) {
      const message = `only the first ${PASSWORD_BYTES} characters of a password count`;
      line.diag.warning('password-too-long', loc, message, 'write no more, on all routers');
    }
    put(line, to, 'password', { from: 'text', text: Buffer.from(text).subarray(0, PASSWORD_BYTES).toString() });
  }
}

const peers = block<Draft>((line, to, statements) => {
  to.isUnicast ??= line.loc;
  for (const statement of statements) {
    const peer = readPeer(new Line(statement, line.diag));
    if (peer === undefined) continue;
    if (to.held.has(`peer ${peer.ip}`))
      line.diag.warning('duplicate-address', peer.loc, `the peer ${peer.ip} is written twice`, 'remove one of the two');
    else {
      to.unicastPeers ??= [];
      to.unicastPeers.push(peer);
    }
    to.held.add(`peer ${peer.ip}`);
  }
});

const PEER_OPTIONS = { min_ttl: 'minTtl', max_ttl: 'maxTtl' } as const;

function readPeer(line: Line): UnicastPeer | undefined {
  const [first] = line.statement.words;
  if (familyOf(first.text) === undefined)
    return line.error(first, 'bad-address', `'${first.text}' is no address of a peer`, "write such as '10.0.0.2'");
  const peer: UnicastPeer = { ip: first.text, loc: first.loc };
  for (let word = line.next(); word !== undefined; word = line.next()) {
    const name = Object.hasOwn(PEER_OPTIONS, word.text)
      ? PEER_OPTIONS[word.text as keyof typeof PEER_OPTIONS]
      : undefined;
    if (name === undefined) return unknownOption(line, word, PEER_OPTIONS, 'a peer');
    const ttl = line.integer(0, 255);
    if (ttl !== undefined) peer[name] = ttl;
  }
  return peer;
}

const MAC = /^[0-9a-f]{1,2}(:[0-9a-f]{1,2}){4,5}$/i;

const useVmac = keyword<Draft>((line, to) => {
  to.usesVmac = true;
  for (let word = line.next(); word !== undefined; word = line.next()) {
    if (MAC.test(word.text)) {
      to.vmac = { ...to.vmac, mac: word.text.toLowerCase() };
      to.at = { ...to.at, vmac: word.loc };
    } else if (!isInterface(word.text))
      line.error(
        word,
        'bad-interface',
        `'${word.text}' cannot be an interface`,
        'write a name of at most 15 characters',
      );
    else if (to.vmac?.name !== undefined)
      line.error(word, 'extra-words', `a second name '${word.text}' of the VMAC`, 'write one');
    else to.vmac = { ...to.vmac, name: word.text };
  }
});

const VMAC: Keywords<Draft> = {
  use_vmac: useVmac,
  use_vmac_addr: keyword((_, to) => {
    to.hasVmacs = true;
  }),
  vmac_xmit_base: keyword((_, to) => {
    to.vmac = { ...to.vmac, transmitsOnBase: true };
  }),
  use_ipvlan: keyword((line) => {
    line.error(
      undefined,
      'no-ipvlan',
      "'use_ipvlan' is not supported",
      "write 'use_vmac', or leave it out: announcements move the address as well",
    );
    while (line.next() !== undefined);
  }),
};

const PROTOCOL: Keywords<Draft> = {
  state: keyword((line, to) => put(line, to, 'initialState', line.oneOf(['MASTER', 'BACKUP'] as const))),
  interface: keyword((line, to) => put(line, to, 'interface', interfaceOf(line))),
  virtual_router_id: keyword((line, to) => put(line, to, 'virtualRouterId', line.integer(1, 255))),
  priority: keyword((line, to) => put(line, to, 'priority', line.integer(1, 255))),
  advert_int: keyword((line, to) => put(line, to, 'advertIntervalMs', line.seconds(0.01, 255))),
  version: keyword((line, to) => put(line, to, 'version', line.integer(2, 3) as 2 | 3 | undefined)),
  native_ipv6: keyword((_, to) => {
    to.isIPv6 = true;
  }),
  authentication: block((line, to, statements) => readBlock(statements, AUTH, to, 'authentication', line.diag)),
  mcast_src_ip: source(false),
  unicast_src_ip: source(true),
  mcast_dst_ip: keyword((line, to) => {
    const word = line.needed('an address');
    if (word === undefined) return;
    if (isMulticast4(word.text) || isMulticast6(word.text)) put(line, to, 'multicastGroup', word.text);
    else
      line.error(
        word,
        'bad-address',
        `'${word.text}' is no multicast address for this`,
        "write such as '224.0.0.18' or 'ff02::12'",
      );
  }),
  track_src_ip: keyword((line, to) => put(line, to, 'trackSourceIp', true)),
  check_unicast_src: flag('checkUnicastSource'),
  unicast_peer: peers,
  unicast_ttl: keyword((line, to) => put(line, to, 'unicastTtl', line.integer(0, 255))),
  unicast_fault_no_peer: keyword((line, to) => {
    to.mustHavePeers = line.loc;
  }),
  down_timer_adverts: keyword((line, to) => put(line, to, 'downTimerAdverts', line.integer(1, 100))),
  lower_prio_no_advert: flag('lowerPrioNoAdvert'),
  higher_prio_send_advert: flag('higherPrioSendAdvert'),
  skip_check_adv_addr: flag('skipCheckAdvAddr'),
  strict_mode: flag('strict'),
  accept: fixed('accept', true),
  no_accept: fixed('accept', false),
  preempt: fixed('preempt', true),
  nopreempt: fixed('preempt', false),
  preempt_delay: keyword((line, to) => put(line, to, 'preemptDelayMs', line.seconds(0, 1000))),
  dont_track_primary: fixed('trackPrimary', false),
  promote_secondaries: fixed('promoteSecondaries', true),
  vrf: keyword((line) => {
    line.error(undefined, 'no-vrf', "'vrf' is not supported", "write the 'interface' in the VRF");
    line.next();
  }),
};

const INSTANCE: Keywords<Draft> = {
  ...PROTOCOL,
  ...VMAC,
  ...GARP,
  ...NOTIFY,
  ...TRACK,
  ...reasonKeywords<Draft>(INSTANCE_REASONS),
  virtual_ipaddress: addresses('addresses'),
  virtual_ipaddress_excluded: addresses('excludedAddresses'),
  virtual_routes: block((line, to, statements) => {
    for (const each of statements)
      to.routes.push(...[readRoute(new Line(each, line.diag), to.options)].flatMap((route) => route ?? []));
  }),
  virtual_rules: block((line, to, statements) => {
    for (const each of statements)
      to.rules.push(...[readRule(new Line(each, line.diag), to.options)].flatMap((rule) => rule ?? []));
  }),
};
