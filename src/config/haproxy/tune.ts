/** `tune.*` lines of the global section (manual §3.2): the names we know, and what their values look like. */
import type { Line } from './line.js';
import { defer, type Reader } from './section.js';

/** Those that change something here. */
const EFFECTIVE = [
  'tune.bufsize',
  'tune.maxaccept',
  'tune.maxpollevents',
  'tune.pipesize',
  'tune.rcvbuf.client',
  'tune.rcvbuf.server',
  'tune.sndbuf.client',
  'tune.sndbuf.server',
];

const NUMBERS = [
  ...[
    'buffers.limit',
    'buffers.reserve',
    'comp.maxlevel',
    'fail-alloc',
    'h2.header-table-size',
    'h2.initial-window-size',
  ],
  ...['h2.max-concurrent-streams', 'h2.max-frame-size', 'http.cookielen', 'http.logurilen', 'http.maxhdr', 'idletimer'],
  ...['lua.forced-yield', 'lua.maxmem', 'maxrewrite', 'pattern.cache-size', 'peers.max-updates-at-once'],
  ...[
    'pool-high-fd-ratio',
    'pool-low-fd-ratio',
    'quic.frontend.conn-tx-buffers.limit',
    'quic.frontend.max-streams-bidi',
  ],
  ...['quic.retry-threshold', 'recv_enough', 'runqueue-depth', 'ssl.cachesize', 'ssl.capture-buffer-size'],
  ...[
    'ssl.capture-cipherlist-size',
    'ssl.default-dh-param',
    'ssl.hard-maxrecord',
    'ssl.maxrecord',
    'ssl.ssl-ctx-cache-size',
  ],
  ...[
    'vars.check-max-size',
    'vars.global-max-size',
    'vars.proc-max-size',
    'vars.reqres-max-size',
    'vars.sess-max-size',
  ],
  ...['vars.txn-max-size', 'zlib.memlevel', 'zlib.windowsize'],
].map((name) => `tune.${name}`);

const TIMES = [
  ...[
    'lua.service-timeout',
    'lua.session-timeout',
    'lua.task-timeout',
    'quic.frontend.max-idle-timeout',
    'ssl.lifetime',
  ],
].map((name) => `tune.${name}`);

const SWITCHES = [
  'fd.edge-triggered',
  'idle-pool.shared',
  'listener.multi-queue',
  'sched.low-latency',
  'ssl.keylog',
].map((name) => `tune.${name}`);

const BARE = ['tune.ssl.force-private-cache'];

export const TUNE_NAMES = [...EFFECTIVE, ...NUMBERS, ...TIMES, ...SWITCHES, ...BARE];

export function isTune(keyword: string): boolean {
  return TUNE_NAMES.includes(keyword);
}

export function readTune(line: Line, { model }: Reader): void {
  const name = line.text(0);
  const value = readValue(line, name);
  if (value === undefined) return;
  model.global.tune[name.slice('tune.'.length)] = value;
  if (!EFFECTIVE.includes(name)) defer(line, model.global.deferred, 'it tunes a part that is not here');
}

function readValue(line: Line, name: string): string | number | undefined {
  if (BARE.includes(name)) return line.noMore(1) ? 'on' : undefined;
  if (SWITCHES.includes(name)) return line.choice(1, 'a switch', ['on', 'off']);
  if (TIMES.includes(name)) return line.duration(1, `'${name}'`);
  const isSigned = name === 'tune.maxaccept' || name === 'tune.runqueue-depth';
  return line.integer(1, `'${name}'`, { min: isSigned ? -1 : 0 });
}
