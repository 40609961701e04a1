/**
 * The part of the model about virtual addresses (VRRP); `config/model.ts` names it for everybody. Settings that
 * keepalived takes from `global_defs` where an instance is silent (version, `vrrp_garp_*`, strict mode …) are written
 * into each instance while reading. Durations are milliseconds; `undefined` means "not written", and
 * `config/vip-defaults.ts` knows what then holds. Names are those of keepalived.conf(5) and RFC 9568.
 */
import type { Secret } from './check-model.js';
import type { Located } from './model.js';

export interface VipConfig {
  settings: VipSettings;
  /** In order of appearance; names are unique. */
  instances: VrrpInstance[];
  groups: VrrpSyncGroup[];
  scripts: TrackScript[];
  files: TrackFile[];
  processes: TrackProcess[];
  /** `static_ipaddress`, `static_routes`, `static_rules`: put in place at start and left there. */
  staticAddresses: VirtualAddress[];
  staticRoutes: VirtualRoute[];
  staticRules: VirtualRule[];
}

/** Of the whole process. */
export interface VipSettings extends Located {
  /** `router_id`: how this host calls itself. */
  routerId?: string;
  /** `instance`/`-i`: what `@NAME` lines refer to, and part of file names. */
  instanceName?: string;
  /** SCHED_RR priority 1..99 of the thread that advertises; 0 = ordinary scheduling. */
  rtPriority?: number;
  /** `vrrp_no_swap`; not written: locked where permitted. */
  noSwap?: boolean;
  startupDelayMs?: number;
  startupScript?: Program & { timeoutMs?: number };
  shutdownScript?: Program & { timeoutMs?: number };
  notifyFifos: { path: string; user?: string; group?: string; script?: Program; loc?: Located['loc'] }[];
  /** Whom programs run as that name nobody. */
  scriptUser?: { user: string; group?: string };
  /** A program that others than root may write to is not run as root. */
  scriptSecurity?: boolean;
  logUnknownVrids?: boolean;
  /** Prefix of macvlan names, default `vrrp`. */
  vmacPrefix?: string;
}

/** A program and its arguments, never run through a shell. */
export interface Program extends Located {
  command: string[];
  user?: string;
  group?: string;
}

/** One virtual router of this host (`vrrp_instance`). */
export interface VrrpInstance extends Located {
  name: string;
  version: 2 | 3;
  /** That of its first address. */
  family: 4 | 6;
  /** Absent only with unicast peers. */
  interface?: string;
  /** 1..255 */
  virtualRouterId: number;
  /** `state`, as written. */
  initialState?: 'MASTER' | 'BACKUP';
  /** 1..255; 255 is the owner of the address. */
  priority: number;
  /** Version 2: whole seconds; version 3: 10 to 40,950, in steps of 10. */
  advertIntervalMs: number;
  /** `auth_type PASS`, version 2 only; at most 8 bytes count. */
  password?: Secret;
  /** `unicast_src_ip`, `mcast_src_ip`. Default: the first address of the interface. */
  sourceIp?: string;
  /** Without its source address on the host it is in fault. */
  trackSourceIp?: true;
  /** `mcast_dst_ip` or `vrrp_mcast_group4|6`, where not the usual 224.0.0.18 and ff02::12. */
  multicastGroup?: string;
  /** Adverts go to these addresses one by one, and not to the group. */
  unicastPeers?: UnicastPeer[];
  unicastTtl?: number;
  /** Only peers are heard; not written: off as in keepalived, except where a peer has `minTtl` or `maxTtl`. */
  checkUnicastSource?: boolean;
  /** Named in the adverts. */
  addresses: VirtualAddress[];
  /** Held too, and not named. */
  excludedAddresses: VirtualAddress[];
  routes: VirtualRoute[];
  rules: VirtualRule[];
  /** `use_vmac`: the addresses live on a macvlan with the MAC 00:00:5e:00:01:VRID (IPv6: …:02:…). */
  vmac?: { name?: string; mac?: string; transmitsOnBase?: true; alsoForAddresses?: true };
  /** `nopreempt` is false. */
  preempt?: boolean;
  preemptDelayMs?: number;
  /** `no_accept` is false: packets to the addresses are dropped unless we own them. */
  accept?: boolean;
  strict?: boolean;
  /** `down_timer_adverts`, default 3. */
  downTimerAdverts?: number;
  garp: GarpSettings;
  lowerPrioNoAdvert?: boolean;
  higherPrioSendAdvert?: boolean;
  skipCheckAdvAddr?: boolean;
  /** `dont_track_primary` is false. */
  trackPrimary?: boolean;
  promoteSecondaries?: boolean;
  track: Tracking;
  notify: Notifications;
  /** What becomes of sessions on its addresses when they are lost; default `keep`. Fairlead's own. */
  onLoss?: 'keep' | 'close';
  /** Before it takes over from a silent router whose own address still answers; default `warn`. Fairlead's own. */
  arbiter?: 'off' | 'warn' | 'wait';
}

export interface UnicastPeer extends Located {
  ip: string;
  minTtl?: number;
  maxTtl?: number;
}

/** As `ip address add` takes it. */
export interface VirtualAddress extends Located {
  ip: string;
  /** Default 32 or 128. */
  prefixLength: number;
  /** Where not that of the instance. */
  interface?: string;
  broadcast?: string;
  label?: string;
  scope?: RouteScope;
  peer?: string;
  usesVmac?: true;
  home?: true;
  /** `-nodad` */
  noDad?: true;
  manageTempAddress?: true;
  noPrefixRoute?: true;
  autojoin?: true;
  /** Seconds, or Infinity for `forever`. */
  preferredLifetimeS?: number;
  /** `no_track` is false. */
  track?: boolean;
}

/** A number, or a name: global, site, link, host, nowhere. */
type RouteScope = number;

/** As `ip route add` takes it; words that we do not know are an error while reading. */
export interface VirtualRoute extends Located {
  family: 4 | 6;
  type: 'unicast' | 'blackhole' | 'unreachable' | 'prohibit' | 'throw' | 'local';
  /** `0.0.0.0/0` for `default`. */
  destination: string;
  prefixLength: number;
  source?: string;
  via?: string;
  interface?: string;
  /** Main is 254. */
  table?: number;
  metric?: number;
  scope?: RouteScope;
  protocol?: number;
  tos?: number;
  mtu?: number;
  advmss?: number;
  onlink?: true;
  nexthops?: { via?: string; interface?: string; weight?: number; onlink?: true }[];
  track?: boolean;
}

/** As `ip rule add` takes it. */
export interface VirtualRule extends Located {
  family: 4 | 6;
  not?: true;
  from?: string;
  to?: string;
  fwmark?: number;
  fwmask?: number;
  tos?: number;
  iif?: string;
  oif?: string;
  preference?: number;
  action: 'table' | 'blackhole' | 'unreachable' | 'prohibit' | 'goto';
  table?: number;
  goto?: number;
  track?: boolean;
}

/** How an address is announced (gratuitous ARP, unsolicited neighbour advertisement). */
export interface GarpSettings {
  /** Second burst after becoming master; default 5 s, 0 = none. */
  masterDelayMs?: number;
  /** Packets of a burst; default 5. */
  masterRepeat?: number;
  /** The same when a lower priority was heard; default: those of the master. */
  lowerPrioDelayMs?: number;
  lowerPrioRepeat?: number;
  /** While master; 0 = never. Not written: see `config/vip-defaults.ts`. */
  masterRefreshMs?: number;
  masterRefreshRepeat?: number;
  /** Between two packets on one interface, in microseconds. */
  garpIntervalUs?: number;
  gnaIntervalUs?: number;
  /** `garp_extra_if [all] N`. */
  extraInterfaceMs?: number;
  extraInterfaceAll?: true;
}

/** A thing that is watched, by its name; no weight written: that of the thing. Weight 0: while it is down, fault. */
export interface Tracked extends Located {
  name: string;
  /** -253..253 (files and processes: -254..254). */
  weight?: number;
  reverse?: boolean;
}

export interface Tracking {
  interfaces: Tracked[];
  scripts: Tracked[];
  files: Tracked[];
  processes: Tracked[];
  /** Frontends of this process: one is up while it listens and a server for it is usable. Fairlead's own. */
  frontends: Tracked[];
}

/** Programs that are told. Each gets what keepalived's gets. */
export interface Notifications {
  /** Any transition: `INSTANCE|GROUP NAME STATE PRIORITY` behind its own arguments. */
  any: Program[];
  master?: Program;
  backup?: Program;
  fault?: Program;
  stop?: Program;
  deleted?: Program;
  /** `notify_deleted`: a router that a reload takes away is DELETED to the others, not FAULT. */
  saysDeleted?: boolean;
  masterRxLowerPri?: Program;
  priorityChanges?: boolean;
}

export interface VrrpSyncGroup extends Located {
  name: string;
  instances: string[];
  track: Tracking;
  notify: Notifications;
  /** Members may have tracking weights of their own. */
  trackingWeight?: boolean;
  /** `global_tracking`, deprecated: as `trackingWeight`. */
  globalTracking?: boolean;
}

export interface TrackScript extends Located {
  name: string;
  /** Never run where `means` says what is meant. */
  program: Program;
  /** `killall -0 haproxy` and its kin: the proxy in this process is well. */
  means?: 'proxy';
  /** Default 1 s. */
  intervalMs?: number;
  /** Default: the interval. */
  timeoutMs?: number;
  /** Default 0. */
  weight?: number;
  reverse?: boolean;
  /** Both default to 1. */
  rise?: number;
  fall?: number;
  initFail?: boolean;
}

/** The number in a file, times the weight, is added to the priority; with weight 0 any other number than 0 is a fault. */
export interface TrackFile extends Located {
  name: string;
  path: string;
  /** Default 1. */
  weight?: number;
  reverse?: boolean;
  init?: { value: number; overwrite: boolean };
}

export interface TrackProcess extends Located {
  name: string;
  /** Name of the process, and arguments that must be those. */
  command: string[];
  paramMatch?: 'initial' | 'partial' | 'exact';
  /** Default 0: without the process, fault. */
  weight?: number;
  reverse?: boolean;
  /** Default 1; no maximum unless written. */
  quorum?: number;
  quorumMax?: number;
  forkDelayMs?: number;
  terminateDelayMs?: number;
  fullCommand?: boolean;
}
