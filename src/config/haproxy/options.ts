/** `option NAME` lines: switches that `no` turns off, log formats, keep-alives, and those of http mode (manual §4.2). */
import type { Proxy, ProxyOptions } from '../model.js';
import { didYouMean } from '../suggest.js';
import { HEALTH_OPTIONS } from './checks.js';
import { HTTP_OPTIONS } from './http-options.js';
import type { Line } from './line.js';
import { replacementOfOption } from './removed.js';
import { ignoreRest, isAllowed, mark, type ProxySection } from './section.js';

type Switch = {
  [K in keyof ProxyOptions]-?: NonNullable<ProxyOptions[K]> extends boolean ? K : never;
}[keyof ProxyOptions];

export interface Option {
  in: string;
  /** Whether `no option` and `default option` are allowed. */
  isNegatable: boolean;
  read(line: Line, section: ProxySection): void;
}

function flag(places: string, field: Switch): Option {
  const read = (line: Line, section: ProxySection) => {
    if (!line.noMore(2)) return;
    section.proxy.options[field] = line.prefix === 'default' ? undefined : line.prefix !== 'no';
    mark(section, `option ${line.text(1)}`, line);
  };
  return { in: places, isNegatable: true, read };
}

function plain(places: string, read: Option['read']): Option {
  return { in: places, isNegatable: false, read };
}

const OPTIONS: { [name: string]: Option } = {
  abortonclose: flag('db', 'abortonclose'),
  allbackups: flag('db', 'allbackups'),
  checkcache: flag('db', 'checkcache'),
  clitcpka: flag('df', 'clitcpka'),
  contstats: flag('df', 'contstats'),
  'dontlog-normal': flag('df', 'dontlogNormal'),
  dontlognull: flag('df', 'dontlognull'),
  'independent-streams': flag('dfb', 'independentStreams'),
  'log-health-checks': flag('db', 'logHealthChecks'),
  'log-separate-errors': flag('df', 'logSeparateErrors'),
  logasap: flag('df', 'logasap'),
  nolinger: flag('dfb', 'nolinger'),
  persist: flag('db', 'persist'),
  'prefer-last-server': flag('db', 'preferLastServer'),
  'socket-stats': flag('df', 'socketStats'),
  'splice-auto': flag('dfb', 'spliceAuto'),
  'splice-request': flag('dfb', 'spliceRequest'),
  'splice-response': flag('dfb', 'spliceResponse'),
  srvtcpka: flag('db', 'srvtcpka'),
  'tcp-smart-accept': flag('df', 'tcpSmartAccept'),
  'tcp-smart-connect': flag('db', 'tcpSmartConnect'),
  transparent: flag('db', 'transparent'),
  tcpka: plain('dfb', readTcpka),
  redispatch: { in: 'db', isNegatable: true, read: readRedispatch },
  tcplog: plain('dfb', readTcplog),
  httplog: plain('dfb', readHttplog),
  httpslog: plain('df', readHttpslog),
  ...HEALTH_OPTIONS,
  ...HTTP_OPTIONS,
};

export function readOption(line: Line, section: ProxySection): void {
  const name = line.text(1);
  if (name === '') {
    line.error('missing-argument', 0, "'option' needs a name", "write 'option NAME'");
    return;
  }
  const option = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined;
  if (!option) {
    line.error(
      'unknown-keyword',
      1,
      `unknown option '${name}'`,
      replacementOfOption(name) ?? didYouMean(name, Object.keys(OPTIONS), 'remove the line'),
    );
    return;
  }
  if (line.prefix && !option.isNegatable) {
    line.error('bad-negation', 1, `'${line.prefix}' cannot stand in front of 'option ${name}'`, 'remove the line');
    return;
  }
  if (isAllowed(option.in, line, section, `option ${name}`)) option.read(line, section);
}

/** Both keep-alives at once, on the sides the section has. */
function readTcpka(line: Line, section: ProxySection): void {
  if (!line.noMore(2)) return;
  if (section.kind !== 'backend') section.proxy.options.clitcpka = true;
  if (section.kind !== 'frontend') section.proxy.options.srvtcpka = true;
}

/** `option redispatch [N]`: every Nth retry goes elsewhere, -N counts from the end, 0 and `no` turn it off. */
function readRedispatch(line: Line, section: ProxySection): void {
  if (line.prefix === 'default') section.proxy.redispatch = undefined;
  else if (line.prefix === 'no') section.proxy.redispatch = 0;
  else section.proxy.redispatch = line.has(2) ? line.looseInteger(2, 'the interval of redispatch') : -1;
  ignoreRest(line, 3);
}

function readTcplog(line: Line, section: ProxySection): void {
  if (line.noMore(2)) setLogStyle(line, section, 'tcplog');
}

function readHttplog(line: Line, section: ProxySection): void {
  if (line.has(2) && line.text(2) !== 'clf') {
    line.error('bad-value', 2, `unexpected '${line.text(2)}'`, "write 'option httplog', or 'option httplog clf'");
    return;
  }
  setLogStyle(line, section, line.has(2) ? 'httplog-clf' : 'httplog');
}

function readHttpslog(line: Line, section: ProxySection): void {
  if (!line.noMore(2)) return;
  setLogStyle(line, section, 'httpslog');
}

function setLogStyle(line: Line, section: ProxySection, style: NonNullable<Proxy['logStyle']>): void {
  if (section.kind === 'backend') {
    line.warning('wrong-section', 1, `'option ${line.text(1)}' has no effect in a backend`, 'write it in the frontend');
    return;
  }
  section.proxy.logStyle = style;
  section.proxy.logFormat = undefined;
  mark(section, 'logStyle', line);
}
