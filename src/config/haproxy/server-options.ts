/** The options of `server` and `default-server` lines, one small reader each (manual §5.2). */
import { isIP } from 'node:net';
import { parseServerAddress } from '../address.js';
import type { Server } from '../model.js';
import { didYouMean } from '../suggest.js';
import type { Line } from './line.js';
import type { ServerSettings } from './section.js';
import { readSource } from './source.js';

/** What a line sets; `id` belongs to `server` lines alone. */
export type Settings = ServerSettings & { id?: number };

/** Reads the option at word `i` into `to`, and returns the first word after it. */
type ServerOption = (line: Line, i: number, to: Settings) => number;

/** Options from word `from` on, over a copy of what `default-server` says. */
export function readSettings(line: Line, from: number, base: ServerSettings): Settings {
  const settings: Settings = { ...base };
  for (let i = from; line.has(i); ) {
    const option = findOption(line.text(i));
    if (!option) {
      unknownOption(line, i);
      break;
    }
    i = option(line, i, settings);
  }
  return settings;
}

function findOption(name: string): ServerOption | undefined {
  return Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined;
}

function unknownOption(line: Line, i: number): void {
  const name = line.text(i);
  line.error(
    'unknown-option',
    i,
    `unknown server option '${name}'`,
    didYouMean(name, Object.keys(OPTIONS), 'remove it'),
  );
}

type Booleans = 'backup' | 'check' | 'disabled' | 'checkSendProxy' | 'tfo';
type Times = 'interMs' | 'fastinterMs' | 'downinterMs' | 'slowstartMs' | 'tcpUserTimeoutMs' | 'agentInterMs';
type Numbers =
  | 'maxconn'
  | 'minconn'
  | 'maxqueue'
  | 'weight'
  | 'rise'
  | 'fall'
  | 'errorLimit'
  | 'checkPort'
  | 'agentPort'
  | 'id';

const set =
  (field: Booleans, value: boolean): ServerOption =>
  (_line, i, to) => {
    to[field] = value;
    return i + 1;
  };

const time =
  (field: Times, min = 0): ServerOption =>
  (line, i, to) => {
    if (!needValue(line, i, 'a time')) return i + 1;
    const ms = line.duration(i + 1, `'${line.text(i)}'`);
    if (ms !== undefined && ms < min)
      line.error('out-of-range', i + 1, `'${line.text(i)}' cannot be 0`, `write ${min} ms or more`);
    else if (ms !== undefined) to[field] = ms;
    markOption(line, i, to, field);
    return i + 2;
  };

const count =
  (field: Numbers, min: number, max?: number): ServerOption =>
  (line, i, to) => {
    if (!needValue(line, i, 'a number')) return i + 1;
    const value = line.looseInteger(i + 1, `'${line.text(i)}'`, { min, max });
    if (value !== undefined) to[field] = value;
    markOption(line, i, to, field);
    return i + 2;
  };

const choose =
  <F extends 'onError' | 'initState' | 'resolvePrefer' | 'onMarkedDown' | 'onMarkedUp'>(
    field: F,
    what: string,
    choices: readonly NonNullable<Server[F]>[],
  ): ServerOption =>
  (line, i, to) => {
    if (!needValue(line, i, what)) return i + 1;
    to[field] = line.choice(i + 1, what, choices as readonly string[]) as Settings[F];
    return i + 2;
  };

const text =
  (field: 'cookie' | 'redir' | 'track', what: string): ServerOption =>
  (line, i, to) => {
    if (needValue(line, i, what)) to[field] = line.text(i + 1);
    markOption(line, i, to, field);
    return i + 2;
  };

/** Understood, without effect here. */
const noEffect =
  (args: number, why: string): ServerOption =>
  (line, i) => {
    if (args === 0 || needValue(line, i, 'a value')) line.warning('no-effect', i, `'${line.text(i)}' ${NOT_RUN}`, why);
    return i + 1 + args;
  };

const unsupported =
  (args: number, remedy: string): ServerOption =>
  (line, i) => {
    line.error('unsupported', i, `server option '${line.text(i)}' is not supported`, remedy);
    return i + 1 + args;
  };

const tls =
  (args: number): ServerOption =>
  (line, i) => {
    line.error(
      'tls-unsupported',
      i,
      `TLS to servers is not supported: '${line.text(i)}'`,
      'remove it: in mode tcp the TLS of the client passes through untouched',
    );
    return i + 1 + args;
  };

/** Settings that only count together with `ssl`, which is refused by itself. */
const tlsDetail = (args: number): ServerOption => noEffect(args, 'TLS to servers is not supported: remove it');

const NOT_RUN = 'has no effect in this version';
const IDLE = 'idle connections are kept as far as they were needed of late';

const OPTIONS: { [name: string]: ServerOption } = {
  backup: set('backup', true),
  'no-backup': set('backup', false),
  check: set('check', true),
  'no-check': set('check', false),
  disabled: set('disabled', true),
  enabled: set('disabled', false),
  'check-send-proxy': set('checkSendProxy', true),
  'no-check-send-proxy': set('checkSendProxy', false),
  tfo: set('tfo', true),
  'no-tfo': set('tfo', false),
  'send-proxy': (_line, i, to) => sendProxy(i, to, 'v1'),
  'send-proxy-v2': (_line, i, to) => sendProxy(i, to, 'v2'),
  'no-send-proxy': (_line, i, to) => sendProxy(i, to, undefined),
  'no-send-proxy-v2': (_line, i, to) => sendProxy(i, to, undefined),
  weight: count('weight', 0, 256),
  maxconn: count('maxconn', 0),
  minconn: count('minconn', 0),
  maxqueue: count('maxqueue', 0),
  rise: count('rise', 1),
  fall: count('fall', 1),
  'error-limit': count('errorLimit', 1),
  port: count('checkPort', 0, 65535),
  id: count('id', 1),
  inter: time('interMs', 1),
  fastinter: time('fastinterMs', 1),
  downinter: time('downinterMs', 1),
  slowstart: time('slowstartMs'),
  'tcp-ut': time('tcpUserTimeoutMs'),
  addr: readCheckAddr,
  observe: readObserve,
  'on-error': choose('onError', 'a reaction', ['fastinter', 'fail-check', 'sudden-death', 'mark-down']),
  'on-marked-down': choose('onMarkedDown', 'an action', ['shutdown-sessions']),
  'on-marked-up': choose('onMarkedUp', 'an action', ['shutdown-backup-sessions']),
  'init-state': choose('initState', 'a state', ['up', 'down', 'fully-up', 'fully-down', 'none']),
  'resolve-prefer': choose('resolvePrefer', 'a family', ['ipv4', 'ipv6']),
  'init-addr': readInitAddr,
  track: text('track', 'a server'),
  cookie: text('cookie', 'a value'),
  redir: text('redir', 'a prefix'),
  source: (line, i, to) => {
    const { source, next } = readSource(line, i + 1, true);
    to.source = source;
    return next;
  },
  usesrc: unsupported(1, "write it after 'source ADDRESS'"),
  'proxy-v2-options': readProxyV2Options,
  resolvers: noEffect(1, 'names are resolved, and kept resolved, by the resolver of the system: remove it'),
  'resolve-net': noEffect(1, 'remove it'),
  'resolve-opts': noEffect(1, 'remove it'),
  'pool-max-conn': idleCount,
  'pool-low-conn': idleCount,
  'pool-purge-delay': idleTime,
  'max-reuse': idleCount,
  ws: readWebsocket,
  stick: (_line, i, to) => {
    delete to.nonStick;
    return i + 1;
  },
  'non-stick': (_line, i, to) => {
    to.nonStick = true;
    return i + 1;
  },
  'agent-check': (_line, i, to) => withAgent(i, to),
  'no-agent-check': (_line, i, to) => withoutAgent(i, to),
  'agent-inter': time('agentInterMs', 1),
  'agent-port': count('agentPort', 0, 65535),
  'agent-addr': readAgentAddr,
  'agent-send': readAgentSend,
  'check-proto': noEffect(1, 'remove it: checks speak HTTP/1'),
  'check-via-socks4': noEffect(0, 'remove it: checks go directly'),
  'log-proto': noEffect(1, 'it belongs to rings, which are not supported: remove it'),
  proto: unsupported(1, 'remove it: mode tcp forwards every protocol'),
  namespace: unsupported(1, 'start the program inside that network namespace'),
  socks4: unsupported(1, 'let a route or a SOCKS wrapper lead to the server'),
  'send-proxy-v2-ssl': tls(0),
  'send-proxy-v2-ssl-cn': tls(0),
  ssl: tls(0),
  'check-ssl': tls(0),
  crt: tls(1),
  ...tlsDetails(0, [
    'no-ssl',
    'no-check-ssl',
    'ssl-reuse',
    'no-ssl-reuse',
    'allow-0rtt',
    'tls-tickets',
    'no-tls-tickets',
  ]),
  ...tlsDetails(0, ['force-sslv3', 'force-tlsv10', 'force-tlsv11', 'force-tlsv12', 'force-tlsv13', 'no-sslv3']),
  ...tlsDetails(0, [
    'no-tlsv10',
    'no-tlsv11',
    'no-tlsv12',
    'no-tlsv13',
    'no-send-proxy-v2-ssl',
    'no-send-proxy-v2-ssl-cn',
  ]),
  ...tlsDetails(1, ['ca-file', 'crl-file', 'ciphers', 'ciphersuites', 'alpn', 'npn', 'sni', 'check-sni', 'check-alpn']),
  ...tlsDetails(1, ['ssl-min-ver', 'ssl-max-ver', 'verify', 'verifyhost', 'curves', 'sigalgs', 'client-sigalgs']),
};

/** Limits of idle connections: understood, and not needed. */
function idleCount(line: Line, i: number): number {
  if (needValue(line, i, 'a number') && line.looseInteger(i + 1, `'${line.text(i)}'`, { min: -1 }) !== undefined)
    line.warning('no-effect', i, `'${line.text(i)}' ${NOT_RUN}`, IDLE);
  return i + 2;
}

function idleTime(line: Line, i: number): number {
  if (needValue(line, i, 'a time') && line.duration(i + 1, `'${line.text(i)}'`) !== undefined)
    line.warning('no-effect', i, `'${line.text(i)}' ${NOT_RUN}`, IDLE);
  return i + 2;
}

/** WebSockets are spoken over HTTP/1 anyway. */
function readWebsocket(line: Line, i: number): number {
  const version = needValue(line, i, 'a version') && line.choice(i + 1, 'a version', ['auto', 'h1', 'h2'] as const);
  if (version === 'h2') line.warning('no-effect', i, `'ws h2' ${NOT_RUN}`, "write 'ws h1'");
  return i + 2;
}

function tlsDetails(args: number, names: string[]): { [name: string]: ServerOption } {
  return Object.fromEntries(names.map((name) => [name, tlsDetail(args)]));
}

function sendProxy(i: number, to: Settings, version: 'v1' | 'v2' | undefined): number {
  to.sendProxy = version;
  return i + 1;
}

/** The address checks go to; HAProxy takes no port here (`port` is for that) and ignores one. */
function readCheckAddr(line: Line, i: number, to: Settings): number {
  if (!needValue(line, i, 'an address')) return i + 1;
  const parsed = line.parsed(i + 1, parseServerAddress(line.text(i + 1)), 'bad-address');
  if (parsed?.address.kind === 'inet') to.checkAddr = parsed.address.host;
  else if (parsed) line.error('bad-address', i + 1, `checks cannot go to '${line.text(i + 1)}'`, 'write an IP address');
  if (parsed?.address.kind === 'inet' && parsed.address.port > 0) {
    line.warning(
      'no-effect',
      i + 1,
      "the port after 'addr' is not read",
      `write 'addr ${parsed.address.host} port ${parsed.address.port}'`,
    );
  }
  if (to.checkAddr && isIP(to.checkAddr) === 0 && /^[\d.]+$/.test(to.checkAddr))
    line.error('bad-address', i + 1, `invalid address '${to.checkAddr}'`);
  return i + 2;
}

function withAgent(i: number, to: Settings): number {
  to.agentCheck = true;
  return i + 1;
}

function withoutAgent(i: number, to: Settings): number {
  delete to.agentCheck;
  return i + 1;
}

/** An address or a name, and no port. */
function readAgentAddr(line: Line, i: number, to: Settings): number {
  if (!needValue(line, i, 'an address')) return i + 1;
  const parsed = line.parsed(i + 1, parseServerAddress(line.text(i + 1)), 'bad-address');
  if (parsed?.address.kind === 'inet' && parsed.address.port === 0) to.agentAddr = parsed.address.host;
  else if (parsed)
    line.error(
      'bad-address',
      i + 1,
      `an agent cannot be asked at '${line.text(i + 1)}'`,
      "write an address without a port, and 'agent-port'",
    );
  return i + 2;
}

/** Bytes of the file as latin1 text. */
function readAgentSend(line: Line, i: number, to: Settings): number {
  if (!needValue(line, i, 'what to send')) return i + 1;
  to.agentSend = Buffer.from(line.text(i + 1), 'utf8').toString('latin1');
  return i + 2;
}

function readObserve(line: Line, i: number, to: Settings): number {
  if (!needValue(line, i, "'layer4' or 'layer7'")) return i + 1;
  const level = line.choice(i + 1, 'a layer', ['none', 'layer4', 'layer7']);
  to.observe = level === 'none' ? undefined : level;
  markOption(line, i, to, 'observe');
  return i + 2;
}

function readInitAddr(line: Line, i: number, to: Settings): number {
  if (!needValue(line, i, 'a list of methods')) return i + 1;
  const methods = line.text(i + 1).split(',');
  const wrong = methods.find((method) => !/^(last|libc|none)$/.test(method) && isIP(method) === 0);
  if (wrong !== undefined)
    line.error(
      'bad-value',
      i + 1,
      `unknown init-addr method '${wrong}'`,
      'write some of last, libc, none, or an IP address',
    );
  to.initAddr = methods;
  return i + 2;
}

function readProxyV2Options(line: Line, i: number): number {
  if (!needValue(line, i, 'a list of options')) return i + 1;
  const known = ['ssl', 'cert-cn', 'ssl-cipher', 'cert-sig', 'cert-key', 'authority', 'crc32c', 'unique-id'];
  const wrong = line
    .text(i + 1)
    .split(',')
    .find((option) => !known.includes(option));
  if (wrong !== undefined)
    line.error(
      'bad-value',
      i + 1,
      `unknown PROXY v2 option '${wrong}'`,
      didYouMean(wrong, known, `write some of ${known.join(', ')}`),
    );
  else line.warning('no-effect', i, `'proxy-v2-options' ${NOT_RUN}`, 'the addresses are sent without further fields');
  return i + 2;
}

function needValue(line: Line, i: number, what: string): boolean {
  if (line.has(i + 1)) return true;
  line.error('missing-argument', i, `'${line.text(i)}' needs ${what}`, `write it after '${line.text(i)}'`);
  return false;
}

function markOption(line: Line, i: number, to: Settings, field: string): void {
  const [start, end] = [line.loc(i), line.loc(i + 1)];
  to.at = { ...to.at, [field]: { ...start, len: end.col + end.len - start.col } };
}
