/**
 * The one model that every configuration language yields and that everything behind the readers runs from.
 * Plain data throughout (it crosses threads by structured clone): no classes, no functions.
 * Durations are milliseconds, sizes bytes. `undefined` means "not written"; `config/defaults.ts` knows what then holds.
 * Names are those of the HAProxy manual. Every object carries the location of its own line (`loc`) and, in `at`,
 * of single settings; two models are the same when they are equal without `loc` and `at`.
 */
import type { AgentEndpoint } from './agents/model.js';
import type { CheckSpec, Secret } from './check-model.js';
import type { Loc } from './diagnostics.js';
import type { CommonAction, Expression, HttpErrors, HttpSettings, StickRule, StickTable } from './http-model.js';
import type { VipConfig } from './vip-model.js';

export type * from './check-model.js';
export type * from './http-model.js';
export type * from './vip-model.js';
export type { AgentEndpoint };

/** Locations of single settings of an object, by field name. */
type At = { [field: string]: Loc };

export interface Located {
  loc?: Loc;
  at?: At;
}

export interface Model {
  global: Global;
  userlists: UserList[];
  /** `http-errors` sections. */
  httpErrors: HttpErrors[];
  /** Maps that expressions name, as their files are now; sorted by name. */
  patternFiles: { name: string; text: string; isMap: boolean }[];
  /** In order of appearance. Names are unique per side: one frontend and one backend may share a name. */
  proxies: Proxy[];
  /** Addresses where other programs ask whether a server of this host may take traffic. */
  agents: AgentEndpoint[];
  /** Virtual addresses (VRRP); none unless written. */
  vips?: VipConfig;
  /** The HTTP endpoint that takes notifications; none unless written. */
  control?: ControlHttp;
}

/** `control:` where pushes such as `POST /v1/notify` arrive. */
export interface ControlHttp extends Located {
  address: Address;
  /** What `Authorization: Bearer` must carry. */
  token: Secret;
}

/** When a server that keeps going up and down is held down (`flap-damping`). */
export interface FlapDamping {
  /** Held from the next time on, after it went down this often … */
  flaps: number;
  /** … within this time. */
  windowMs: number;
  /** First time held; doubles each time it goes down again soon after. */
  holdMs: number;
  maxHoldMs: number;
}

/** A line that was understood but does not run in this version; `check` and `run` name each one as a warning. */
export interface Deferred extends Located {
  /** The words of the line after unquoting. */
  words: string[];
  /** Why, for a person: `there are no filters`. */
  reason: string;
  /** It decides whom a proxy lets in, or where connections go: such a proxy must not run without it. */
  isDecisive?: true;
}

export type Address =
  /** `host` '' or '*' binds every address of the family; family 0 = whatever the name resolves to. */
  | { kind: 'inet'; family: 0 | 4 | 6; host: string; port: number; portEnd?: number }
  | { kind: 'unix'; path: string }
  | { kind: 'abns'; name: string }
  | { kind: 'fd'; fd: number };

export type LogFacility =
  | 'kern'
  | 'user'
  | 'mail'
  | 'daemon'
  | 'auth'
  | 'syslog'
  | 'lpr'
  | 'news'
  | 'uucp'
  | 'cron'
  | 'auth2'
  | 'ftp'
  | 'ntp'
  | 'audit'
  | 'alert'
  | 'cron2'
  | 'local0'
  | 'local1'
  | 'local2'
  | 'local3'
  | 'local4'
  | 'local5'
  | 'local6'
  | 'local7';
export type LogLevel = 'emerg' | 'alert' | 'crit' | 'err' | 'warning' | 'notice' | 'info' | 'debug';
export type LogSyslogFormat = 'rfc3164' | 'rfc5424' | 'local' | 'priority' | 'short' | 'timed' | 'iso' | 'raw';

export interface LogTarget extends Located {
  /** `stdout`/`stderr` are fd 1 and 2. */
  target: { kind: 'udp'; host: string; port: number } | { kind: 'unix'; path: string } | { kind: 'fd'; fd: number };
  /** Longest line in bytes, default 1024. */
  len?: number;
  format?: LogSyslogFormat;
  sample?: { ranges: [number, number][]; size: number };
  facility: LogFacility;
  level?: LogLevel;
  minLevel?: LogLevel;
}

/** `log global` in a proxy is replaced by the global targets while reading. */
export interface Global extends Located {
  maxconn?: number;
  maxconnrate?: number;
  maxsessrate?: number;
  nbthread?: number;
  user?: string;
  group?: string;
  uid?: number;
  gid?: number;
  chroot?: string;
  pidfile?: string;
  daemon?: boolean;
  masterWorker?: boolean;
  quiet?: boolean;
  node?: string;
  description?: string;
  logs: LogTarget[];
  logTag?: string;
  logSendHostname?: string;
  statsSockets: StatsSocket[];
  statsTimeoutMs?: number;
  statsMaxconn?: number;
  /** Percent, 0..50. */
  spreadChecks?: number;
  maxSpreadChecksMs?: number;
  ulimitN?: number;
  hardStopAfterMs?: number;
  graceMs?: number;
  closeSpreadTimeMs?: number;
  noSplice?: boolean;
  noReuseport?: boolean;
  setDumpable?: boolean;
  /** External checks may run, and this process may start programs at all: HAProxy wants both said. */
  externalCheck?: boolean;
  insecureForkWanted?: boolean;
  serverStateBase?: string;
  serverStateFile?: string;
  localpeer?: string;
  /** `tune.NAME VALUE` as written; numbers where the manual says number. */
  tune: { [name: string]: string | number };
  deferred: Deferred[];
}

export interface StatsSocket extends Located {
  address: Address;
  mode?: number;
  user?: string;
  group?: string;
  uid?: number;
  gid?: number;
  level: 'user' | 'operator' | 'admin';
  exposeFdListeners?: boolean;
}

export interface UserList extends Located {
  name: string;
  groups: { name: string; users: string[]; loc?: Loc }[];
  users: { name: string; password: string; insecure: boolean; groups: string[]; loc?: Loc }[];
}

export type BalanceAlgorithm =
  | 'roundrobin'
  | 'static-rr'
  | 'leastconn'
  | 'first'
  | 'source'
  | 'random'
  | 'single'
  | 'uri'
  | 'url_param'
  | 'hdr'
  | 'hash';

export interface Balance extends Located {
  algorithm: BalanceAlgorithm;
  /** `random(N)`: draws, default 2. */
  draws?: number;
  /** `single`: back to an earlier server once that is usable again. */
  failback?: boolean;
  /** `uri`: `whole`, `len N`, `depth N`, `path-only`. */
  isWhole?: true;
  isPathOnly?: true;
  length?: number;
  depth?: number;
  /** `url_param NAME`, `hdr(NAME)`. */
  parameter?: string;
  /** `url_param … check_post`. */
  checksPost?: true;
  /** `hdr(NAME) use_domain_only`. */
  usesDomainOnly?: true;
  /** `hash EXPRESSION`. */
  expression?: Expression;
}

export interface HashType extends Located {
  method: 'map-based' | 'consistent';
  function?: 'sdbm' | 'djb2' | 'wt6' | 'crc32' | 'none';
  avalanche?: boolean;
  balanceFactor?: number;
}

export interface Timeouts {
  connect?: number;
  client?: number;
  server?: number;
  queue?: number;
  check?: number;
  tunnel?: number;
  clientFin?: number;
  serverFin?: number;
  tarpit?: number;
  httpRequest?: number;
  httpKeepAlive?: number;
}

/** `option NAME` lines that matter to tcp mode. `undefined` = not written, `false` = `no option NAME`. */
export interface ProxyOptions {
  abortonclose?: boolean;
  allbackups?: boolean;
  checkcache?: boolean;
  clitcpka?: boolean;
  contstats?: boolean;
  dontlogNormal?: boolean;
  dontlognull?: boolean;
  independentStreams?: boolean;
  logHealthChecks?: boolean;
  logSeparateErrors?: boolean;
  logasap?: boolean;
  nolinger?: boolean;
  persist?: boolean;
  preferLastServer?: boolean;
  socketStats?: boolean;
  spliceAuto?: boolean;
  spliceRequest?: boolean;
  spliceResponse?: boolean;
  srvtcpka?: boolean;
  tcpSmartAccept?: boolean;
  tcpSmartConnect?: boolean;
  transparent?: boolean;
  /** tcp keep-alive tuning: `clitcpka-cnt` and friends; idle and interval in ms. */
  clitcpkaCnt?: number;
  clitcpkaIdleMs?: number;
  clitcpkaIntvlMs?: number;
  srvtcpkaCnt?: number;
  srvtcpkaIdleMs?: number;
  srvtcpkaIntvlMs?: number;
}

export interface Proxy extends Located {
  kind: 'frontend' | 'backend' | 'listen';
  name: string;
  /** Numeric id (`iid` in the statistics), assigned while reading, from 2 upwards in order (1 is GLOBAL's). */
  id: number;
  mode: 'tcp' | 'http';
  description?: string;
  disabled?: boolean;
  binds: Bind[];
  /** Frontend side. */
  maxconn?: number;
  backlog?: number;
  rateLimitSessions?: number;
  /** Backend side. */
  fullconn?: number;
  balance?: Balance;
  hashType?: HashType;
  retries?: number;
  /** `option redispatch [N]`: 0 = off (`no option`), N as written, default -1 when written without N. */
  redispatch?: number;
  source?: SourceAddress;
  servers: Server[];
  timeouts: Timeouts;
  options: ProxyOptions;
  logs: LogTarget[];
  /** `option tcplog`/`httplog` chosen, or a log-format string. The later one in the section wins, as in HAProxy. */
  logStyle?: 'tcplog' | 'httplog' | 'httplog-clf' | 'httpslog' | 'format';
  logFormat?: string;
  logFormatSd?: string;
  logTag?: string;
  acls: Acl[];
  tcpRequest: TcpRule[];
  inspectDelayMs?: number;
  /** `tcp-response content` and its `inspect-delay`. */
  tcpResponse: TcpResponseRule[];
  responseInspectDelayMs?: number;
  /** Also read (and kept) in mode tcp, where only its log formats count. */
  http: HttpSettings;
  stickTable?: StickTable;
  stickRules: StickRule[];
  forcePersist: Condition[];
  ignorePersist: Condition[];
  useBackends: UseBackend[];
  defaultBackend?: string;
  useServers: UseServer[];
  check: CheckSpec;
  emailAlert?: undefined;
  /** Not written: on (with defaults) where the check knows the role, else off. */
  flapDamping?: FlapDamping | false;
  serverStateFileName?: string;
  loadServerStateFrom?: 'global' | 'local' | 'none';
  /** Lines that parse and do not run yet (http rules, stick tables, statistics page …). */
  deferred: Deferred[];
}

export interface Bind extends Located {
  /** `bind` with several comma-separated addresses yields several Binds; a port range one Bind per port. */
  address: Address;
  name?: string;
  id?: number;
  acceptProxy?: boolean;
  backlog?: number;
  maxconn?: number;
  interface?: string;
  deferAccept?: boolean;
  tfo?: boolean;
  mss?: number;
  nice?: number;
  transparent?: boolean;
  v4v6?: boolean;
  v6only?: boolean;
  tcpUserTimeoutMs?: number;
  /** Unix sockets. */
  mode?: number;
  user?: string;
  group?: string;
  uid?: number;
  gid?: number;
  level?: 'user' | 'operator' | 'admin';
}

export interface SourceAddress extends Located {
  host: string;
  port: number;
  portEnd?: number;
  interface?: string;
  usesrc?: 'client' | 'clientip' | { host: string; port: number };
}

export interface Server extends Located {
  name: string;
  /** `sid` of the statistics, assigned from 1 in order where not written. */
  id: number;
  /** inet: `port` 0 with `portMode` 'same' (no port written) or 'offset' (`:+1000`) follow the client's destination port. */
  address: Address;
  portMode: 'fixed' | 'same' | 'offset';
  portOffset?: number;
  /** Everything below is after `default-server` has been applied. */
  weight?: number;
  backup?: boolean;
  disabled?: boolean;
  maxconn?: number;
  minconn?: number;
  maxqueue?: number;
  slowstartMs?: number;
  track?: string;
  check?: boolean;
  checkPort?: number;
  checkAddr?: string;
  interMs?: number;
  fastinterMs?: number;
  downinterMs?: number;
  rise?: number;
  fall?: number;
  /** 3.x: `up` (2.6's behaviour), `down`, `fully-up`, `fully-down`. */
  initState?: 'up' | 'down' | 'fully-up' | 'fully-down' | 'none';
  observe?: 'layer4' | 'layer7';
  onError?: 'fastinter' | 'fail-check' | 'sudden-death' | 'mark-down';
  errorLimit?: number;
  /** `none` is for fairlead.yaml: of servers asked to be primary the sessions are shut where nothing is written. */
  onMarkedDown?: 'shutdown-sessions' | 'none';
  onMarkedUp?: 'shutdown-backup-sessions';
  sendProxy?: 'v1' | 'v2';
  checkSendProxy?: boolean;
  source?: SourceAddress;
  tcpUserTimeoutMs?: number;
  tfo?: boolean;
  cookie?: string;
  redir?: string;
  /** Its clients are not kept in stick tables (`non-stick`). */
  nonStick?: true;
  initAddr?: string[];
  resolvePrefer?: 'ipv4' | 'ipv6';
  /** `agent-check`: asks an agent beside the health check; needs `agentPort`. */
  agentCheck?: true;
  agentPort?: number;
  /** Default: the server's own address. */
  agentAddr?: string;
  agentInterMs?: number;
  /** Bytes sent after connecting, as a latin1 string. */
  agentSend?: string;
}

/** One `acl` line: a test under a name; several lines of one name are alternatives. */
export interface Acl extends Located {
  name: string;
  test: AclTest;
}

/** A sample fetch, its converters and the patterns it must match (manual §7.1). */
export interface AclTest {
  fetch: string;
  args: string[];
  converters: { name: string; args: string[] }[];
  /** `-i`, `-n` … and `-m METHOD` as `match`. */
  flags: string[];
  match?: string;
  patterns: string[];
}

/** `if|unless` condition in the manual's form: alternatives (`or`) of conjunctions. */
export interface Condition extends Located {
  when: 'if' | 'unless';
  anyOf: { negate: boolean; acl?: string; test?: AclTest }[][];
}

export interface TcpRule extends Located {
  /** `tcp-request connection|content|session`. */
  phase: 'connection' | 'content' | 'session';
  action: 'accept' | 'reject' | 'silent-drop' | 'expect-proxy' | 'other';
  /** With action `other`: what is done; evaluation goes on behind it. */
  other?: CommonAction;
  condition?: Condition;
}

export interface TcpResponseRule extends Located {
  action: 'accept' | 'reject' | 'close' | 'silent-drop' | 'other';
  other?: CommonAction;
  condition?: Condition;
}

interface UseBackend extends Located {
  /** A name, or with `isFormat` a format that makes one. */
  backend: string;
  isFormat?: true;
  condition?: Condition;
}

interface UseServer extends Located {
  server: string;
  isFormat?: true;
  condition?: Condition;
}
