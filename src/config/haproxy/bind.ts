/** `bind` and `stats socket` lines (manual §5.1): addresses, then options in any order. */
import { parseListenAddresses } from '../address.js';
import type { Address, Bind, StatsSocket } from '../model.js';
import { didYouMean } from '../suggest.js';
import type { Line } from './line.js';
import type { ProxySection } from './section.js';

type BindSettings = Omit<Bind, 'address' | 'loc'> & { exposeFdListeners?: boolean };

/** Reads the option at word `i` into `to`; what follows it is `args` words. */
interface BindOption {
  args: number;
  read(line: Line, i: number, to: BindSettings): void;
}

/** Reads a `bind` line: one Bind per address and per port of a range. */
export function readBind(line: Line, section: ProxySection): void {
  if (!line.need(1, "an address, such as '*:3306'")) return;
  const addresses = line.parsed(1, parseListenAddresses(line.text(1)), 'bad-address');
  const { exposeFdListeners, ...settings } = readBindOptions(line, 2);
  if (exposeFdListeners)
    line.warning('no-effect', 2, "'expose-fd' has no effect on a bind line", "write it on 'stats socket'");
  const places = (addresses ?? []).flatMap(eachPort);
  if (settings.id !== undefined && places.length > 1) {
    line.error(
      'duplicate-id',
      1,
      `${places.length} listeners cannot share the id ${settings.id}`,
      'write one address per line, or no id',
    );
  }
  for (const address of places) {
    section.proxy.binds.push({ address, ...settings, loc: line.whole });
  }
}

/** `stats socket ADDRESS [options]`, the words of the line starting at `stats`. */
export function readStatsSocket(line: Line): StatsSocket | undefined {
  if (!line.need(2, 'a path or an address')) return undefined;
  const addresses = line.parsed(2, parseListenAddresses(line.text(2)), 'bad-address');
  const { mode, user, group, uid, gid, level, exposeFdListeners } = readBindOptions(line, 3);
  if (!addresses) return undefined;
  return {
    address: addresses[0],
    mode,
    user,
    group,
    uid,
    gid,
    level: level ?? 'operator',
    exposeFdListeners,
    loc: line.whole,
  };
}

function eachPort(address: Address): Address[] {
  if (address.kind !== 'inet' || address.portEnd === undefined) return [address];
  const { portEnd, port, ...rest } = address;
  return Array.from({ length: portEnd - port + 1 }, (_, i) => ({ ...rest, port: port + i }));
}

function readBindOptions(line: Line, from: number): BindSettings {
  const settings: BindSettings = {};
  for (let i = from; line.has(i); ) {
    const option = Object.hasOwn(OPTIONS, line.text(i)) ? OPTIONS[line.text(i)] : undefined;
    if (!option) {
      unknownOption(line, i);
      break;
    }
    option.read(line, i, settings);
    i += 1 + option.args;
  }
  return settings;
}

function unknownOption(line: Line, i: number): void {
  const word = line.text(i);
  if (TLS_OPTIONS.includes(word)) {
    line.error(
      'tls-unsupported',
      i,
      `TLS is not supported: '${word}'`,
      'terminate TLS in front, or forward it untouched in mode tcp without this option',
    );
    return;
  }
  line.error('unknown-option', i, `unknown bind option '${word}'`, didYouMean(word, Object.keys(OPTIONS), 'remove it'));
}

const flag = (field: 'acceptProxy' | 'deferAccept' | 'tfo' | 'transparent' | 'v4v6' | 'v6only'): BindOption => ({
  args: 0,
  read: (_line, _i, to) => {
    to[field] = true;
  },
});

const word = (field: 'name' | 'interface' | 'user' | 'group', what: string): BindOption => ({
  args: 1,
  read: (line, i, to) => {
    if (needValue(line, i, what)) to[field] = line.text(i + 1);
  },
});

const loose = (field: 'backlog' | 'maxconn' | 'nice' | 'uid' | 'gid' | 'id', bounds = {}): BindOption => ({
  args: 1,
  read: (line, i, to) => {
    if (needValue(line, i, 'a number')) to[field] = line.looseInteger(i + 1, `'${line.text(i)}'`, bounds);
  },
});

/** Known to HAProxy, without effect here; each says why. */
const noEffect = (args: number, why: string): BindOption => ({
  args,
  read: (line, i) => {
    if (args === 0 || needValue(line, i, 'a value'))
      line.warning('no-effect', i, `'${line.text(i)}' has no effect here`, why);
  },
});

const notSupported = (args: number, remedy: string): BindOption => ({
  args,
  read: (line, i) => line.error('unsupported', i, `bind option '${line.text(i)}' is not supported`, remedy),
});

const OPTIONS: { [name: string]: BindOption } = {
  'accept-proxy': flag('acceptProxy'),
  'defer-accept': flag('deferAccept'),
  tfo: flag('tfo'),
  transparent: flag('transparent'),
  v4v6: flag('v4v6'),
  v6only: flag('v6only'),
  name: word('name', 'a name'),
  interface: word('interface', 'an interface'),
  user: word('user', 'a user name'),
  group: word('group', 'a group name'),
  backlog: loose('backlog', { min: 0 }),
  maxconn: loose('maxconn', { min: 0 }),
  mss: { args: 1, read: readMss },
  nice: loose('nice', { min: -1024, max: 1024 }),
  uid: loose('uid'),
  gid: loose('gid'),
  id: loose('id', { min: 1 }),
  mode: { args: 1, read: readMode },
  level: { args: 1, read: readLevel },
  'tcp-ut': { args: 1, read: readUserTimeout },
  'expose-fd': { args: 1, read: readExposeFd },
  process: noEffect(1, 'every worker serves every listener: remove it'),
  thread: noEffect(1, 'every worker serves every listener: remove it'),
  shards: noEffect(1, 'every worker has its own socket already: remove it'),
  'severity-output': noEffect(1, 'remove it'),
  proto: notSupported(1, 'remove it: mode tcp forwards every protocol'),
  namespace: notSupported(1, 'start the program inside that network namespace'),
  'accept-netscaler-cip': notSupported(1, "let the sender use the PROXY protocol, and write 'accept-proxy'"),
};

const TLS_OPTIONS = [
  ...[
    'ssl',
    'crt',
    'crt-list',
    'ca-file',
    'ca-verify-file',
    'ca-ignore-err',
    'crt-ignore-err',
    'ca-sign-file',
    'ca-sign-pass',
  ],
  ...['alpn', 'npn', 'ciphers', 'ciphersuites', 'crl-file', 'curves', 'ecdhe', 'verify', 'strict-sni', 'ssl-min-ver'],
  ...['ssl-max-ver', 'force-sslv3', 'force-tlsv10', 'force-tlsv11', 'force-tlsv12', 'force-tlsv13', 'no-sslv3'],
  ...['no-tlsv10', 'no-tlsv11', 'no-tlsv12', 'no-tlsv13', 'no-tls-tickets', 'tls-ticket-keys', 'allow-0rtt'],
  ...['generate-certificates', 'no-ca-names', 'prefer-client-ciphers', 'ocsp-update', 'sigalgs', 'client-sigalgs'],
];

/** A negative value lowers what the other side announces by that much. */
function readMss(line: Line, i: number, to: BindSettings): void {
  if (!needValue(line, i, 'a number')) return;
  const mss = line.looseInteger(i + 1, "'mss'", { min: -65535, max: 65535 });
  if (mss === 0) line.error('out-of-range', i + 1, "'mss' cannot be 0", 'write a number from 1 to 65535');
  else to.mss = mss;
}

function readMode(line: Line, i: number, to: BindSettings): void {
  if (!needValue(line, i, 'an octal mode')) return;
  if (/^[0-7]{1,4}$/.test(line.text(i + 1))) to.mode = Number.parseInt(line.text(i + 1), 8);
  else line.error('bad-number', i + 1, `'${line.text(i + 1)}' is not an octal mode`, "write one such as '660'");
}

function readLevel(line: Line, i: number, to: BindSettings): void {
  to.level = line.choice(i + 1, 'a level', ['user', 'operator', 'admin']);
}

function readUserTimeout(line: Line, i: number, to: BindSettings): void {
  to.tcpUserTimeoutMs = line.duration(i + 1, "'tcp-ut'");
}

function readExposeFd(line: Line, i: number, to: BindSettings): void {
  to.exposeFdListeners = line.choice(i + 1, 'a kind of descriptor', ['listeners']) && true;
}

function needValue(line: Line, i: number, what: string): boolean {
  if (line.has(i + 1)) return true;
  line.error('missing-argument', i, `'${line.text(i)}' needs ${what}`, `write it after '${line.text(i)}'`);
  return false;
}
