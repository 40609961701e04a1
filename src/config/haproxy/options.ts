/** `option NAME` lines: switches that `no` turns off, log formats, keep-alives, and those of http mode (manual §4.2). */
import type { ProxyOptions } from '../model.js';
import { didYouMean } from '../suggest.js';
import { HEALTH_OPTIONS } from './checks.js';
import type { Line } from './line.js';
import { defer, ignoreRest, isAllowed, mark, type ProxySection } from './section.js';

type Switch = {
  [K in keyof ProxyOptions]-?: NonNullable<ProxyOptions[K]> extends boolean ? K : never;
}[keyof ProxyOptions];

interface Option {
  in: string;
  /** Whether `no option` and `default option` are allowed. */
  isNegatable: boolean;
  read(line: Line, section: ProxySection): void;
}

const HTTP = 'mode http comes with a later version';

function flag(places: string, field: Switch): Option {
  const read = (line: Line, section: ProxySection) => {
    if (!line.noMore(2)) return;
    section.proxy.options[field] = line.prefix === 'default' ? undefined : line.prefix !== 'no';
    mark(section, `option ${line.text(1)}`, line);
  };
  return { in: places, isNegatable: true, read };
}

/** Options of http mode, noted; those that only take themselves refuse further words. */
function http(places: string, isNegatable = true, takesWords = false): Option {
  const read = (line: Line, section: ProxySection) => {
    if (takesWords || line.noMore(2)) defer(line, section.proxy.deferred, HTTP);
  };
  return { in: places, isNegatable, read };
}

function plain(places: string, read: Option['read']): Option {
  return { in: places, isNegatable: false, read };
}

const OPTIONS: { [name: string]: Option } = {
  abortonclose: flag('db', 'abortonclose'),
  allbackups: flag('db', 'allbackups'),
  checkcache: http('db'),
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
  'accept-invalid-http-request': http('df'),
  'accept-invalid-http-response': http('db'),
  'disable-h2-upgrade': http('df'),
  'h1-case-adjust-bogus-client': http('df'),
  'h1-case-adjust-bogus-server': http('db'),
  'http-buffer-request': http('dfb'),
  'http-ignore-probes': http('df'),
  'http-no-delay': http('dfb'),
  'http-pretend-keepalive': http('db'),
  'http-use-proxy-header': http('df'),
  'http-use-htx': http('dfb'),
  'idle-close-on-response': http('df'),
  'http-keep-alive': http('dfb'),
  'http-server-close': http('dfb'),
  httpclose: http('dfb'),
  'http-restrict-req-hdr-names': http('dfb', false, true),
  forwardfor: http('dfb', false, true),
  forwarded: http('db', true, true),
  originalto: http('dfb', false, true),
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
      didYouMean(name, Object.keys(OPTIONS), 'remove the line'),
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
  setLogStyle(line, section, 'httplog');
  if (line.has(2)) defer(line, section.proxy.deferred, HTTP);
}

function readHttpslog(line: Line, section: ProxySection): void {
  if (!line.noMore(2)) return;
  setLogStyle(line, section, 'httplog');
  defer(line, section.proxy.deferred, HTTP);
}

function setLogStyle(line: Line, section: ProxySection, style: 'tcplog' | 'httplog'): void {
  if (section.kind === 'backend') {
    line.warning('wrong-section', 1, `'option ${line.text(1)}' has no effect in a backend`, 'write it in the frontend');
    return;
  }
  section.proxy.logStyle = style;
  section.proxy.logFormat = undefined;
  mark(section, 'logStyle', line);
}
