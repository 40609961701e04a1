/** The `global` section (manual §3): process-wide settings; it may appear several times. */
import type { Global } from '../model.js';
import { readStatsSocket } from './bind.js';
import type { Line } from './line.js';
import { parseLog } from './log.js';
import { defer, type Reader, type Section, unknownKeyword } from './section.js';
import { isTune, readTune, TUNE_NAMES } from './tune.js';

type GlobalKeyword = (line: Line, reader: Reader) => void;

/** Keywords `no` may stand in front of (HAProxy names the same ones). */
const NEGATABLE = ['log', 'set-dumpable', 'busy-polling', 'strict-limits', 'insecure-fork-wanted', 'numa-cpu-mapping'];

export function openGlobal(line: Line, reader: Reader): Section {
  line.noMore(1);
  reader.model.global.loc ??= line.whole;
  return { name: 'global', line: (inner) => readGlobalLine(inner, reader), end: () => {} };
}

function readGlobalLine(line: Line, reader: Reader): void {
  if (line.text(0) === 'no') {
    readNegated(line, line.from(1), reader);
    return;
  }
  const keyword = line.text(0);
  if (Object.hasOwn(KEYWORDS, keyword)) KEYWORDS[keyword](line, reader);
  else if (isTune(keyword)) readTune(line, reader);
  else unknownKeyword(line, 'the global section', [...Object.keys(KEYWORDS), ...TUNE_NAMES]);
}

function readNegated(whole: Line, line: Line, reader: Reader): void {
  if (line.words.length === 0 || !NEGATABLE.includes(line.text(0))) {
    reader.diag.error(
      'bad-negation',
      whole.loc(1),
      `'no' cannot stand in front of '${line.text(0)}'`,
      `it can in front of ${NEGATABLE.join(', ')}`,
    );
    return;
  }
  if (line.text(0) === 'log') reader.model.global.logs = [];
  else if (line.text(0) === 'set-dumpable') reader.model.global.setDumpable = false;
  else if (line.text(0) === 'insecure-fork-wanted') reader.model.global.insecureForkWanted = false;
}

type Strings = 'user' | 'group' | 'chroot' | 'pidfile' | 'serverStateBase' | 'serverStateFile' | 'localpeer' | 'logTag';
type Flags = 'daemon' | 'quiet' | 'noSplice' | 'noReuseport' | 'setDumpable' | 'externalCheck' | 'insecureForkWanted';
type Times = 'hardStopAfterMs' | 'graceMs' | 'closeSpreadTimeMs' | 'maxSpreadChecksMs';
type Numbers = 'uid' | 'gid' | 'ulimitN' | 'maxconnrate' | 'maxsessrate';

const string =
  (field: Strings, what: string): GlobalKeyword =>
  (line, { model }) => {
    if (line.need(1, what) && line.noMore(2)) model.global[field] = line.text(1);
  };

const flag =
  (field: Flags): GlobalKeyword =>
  (line, { model }) => {
    if (line.noMore(1)) model.global[field] = true;
  };

const time =
  (field: Times): GlobalKeyword =>
  (line, { model }) => {
    const ms = line.duration(1, `'${line.text(0)}'`);
    if (line.noMore(2)) model.global[field] = ms;
  };

const number =
  (field: Numbers): GlobalKeyword =>
  (line, { model }) => {
    const value = line.looseInteger(1, `'${line.text(0)}'`, { min: 0 });
    if (line.noMore(2)) model.global[field] = value;
  };

/** Parses, and does nothing here; the reason goes into the warning. */
const without =
  (reason: string, needs = 0): GlobalKeyword =>
  (line, { model }) => {
    if (needs === 0 || line.need(needs, 'a value')) defer(line, model.global.deferred, reason);
  };

const gone =
  (remedy: string): GlobalKeyword =>
  (line) =>
    line.error('removed-keyword', 0, `'${line.text(0)}' is not supported any more`, remedy);

const unsupported =
  (remedy: string): GlobalKeyword =>
  (line) =>
    line.error('unsupported', 0, `'${line.text(0)}' is not supported`, remedy);

const TLS = 'TLS is not supported';
const POLLER = 'epoll is always used';
const LUA = 'Lua is not supported; remove the lines that use it';
const DEVICES = 'device detection is not supported; remove it';

const KEYWORDS: { [keyword: string]: GlobalKeyword } = {
  daemon: flag('daemon'),
  quiet: flag('quiet'),
  nosplice: flag('noSplice'),
  noreuseport: flag('noReuseport'),
  'set-dumpable': flag('setDumpable'),
  'external-check': flag('externalCheck'),
  'insecure-fork-wanted': flag('insecureForkWanted'),
  user: string('user', 'a user name'),
  group: string('group', 'a group name'),
  chroot: string('chroot', 'a directory'),
  pidfile: string('pidfile', 'a file name'),
  'server-state-base': string('serverStateBase', 'a directory'),
  'server-state-file': string('serverStateFile', 'a file name'),
  localpeer: string('localpeer', 'a name'),
  'log-tag': string('logTag', 'a tag'),
  uid: number('uid'),
  gid: number('gid'),
  'ulimit-n': number('ulimitN'),
  maxconnrate: number('maxconnrate'),
  maxsessrate: number('maxsessrate'),
  'hard-stop-after': time('hardStopAfterMs'),
  grace: time('graceMs'),
  'close-spread-time': time('closeSpreadTimeMs'),
  'max-spread-checks': time('maxSpreadChecksMs'),
  maxconn: readMaxconn,
  nbthread: readNbthread,
  node: readNode,
  description: readDescription,
  'spread-checks': readSpreadChecks,
  'master-worker': readMasterWorker,
  log: readLog,
  'log-send-hostname': readLogSendHostname,
  stats: readStats,
  setenv: (line, reader) => readSetenv(line, reader, true),
  presetenv: (line, reader) => readSetenv(line, reader, false),
  unsetenv: readUnsetenv,
  resetenv: readResetenv,
  nbproc: gone("write 'nbthread' for the number of workers"),
  'insecure-setuid-wanted': without('programs that checks start may be setuid without it'),
  ...each(['busy-polling', 'noepoll', 'nopoll', 'noevports', 'nokqueue'], without(POLLER)),
  ...each(
    ['cpu-map', 'thread-group', 'thread-groups', 'numa-cpu-mapping', 'profiling.tasks'],
    without('the workers are placed by the kernel'),
  ),
  ...each(
    ['nogetaddrinfo', 'default-path', 'expose-experimental-directives', 'zero-warning'],
    without('it has no meaning here'),
  ),
  ...each(
    ['strict-limits', 'fd-hard-limit', 'maxpipes', 'no-memory-trimming', 'unix-bind'],
    without('it has no meaning here'),
  ),
  ...each(
    ['mworker-max-reloads', 'pp2-never-send-local', 'cluster-secret', 'server-state-global'],
    without('it has no meaning here'),
  ),
  ...each(['set-var', 'set-var-fmt'], without('variables come with a later version', 2)),
  ...each(
    ['maxcompcpuusage', 'maxcomprate', 'maxzlibmem', 'h1-case-adjust', 'h1-case-adjust-file'],
    without('it belongs to mode http'),
  ),
  ...each(
    ['h1-accept-payload-with-any-method', 'h2-workaround-bogus-websocket-clients'],
    without('it belongs to mode http'),
  ),
  ...each(
    ['ca-base', 'crt-base', 'key-base', 'issuers-chain-path', 'ssl-dh-param-file', 'ssl-engine', 'ssl-server-verify'],
    without(TLS, 1),
  ),
  ...each(['ssl-default-bind-ciphers', 'ssl-default-bind-ciphersuites', 'ssl-default-bind-curves'], without(TLS, 1)),
  ...each(
    ['ssl-default-server-ciphers', 'ssl-default-server-ciphersuites', 'ssl-default-server-curves'],
    without(TLS, 1),
  ),
  ...each(['ssl-default-bind-options', 'ssl-default-server-options', 'ssl-load-extra-files'], without(TLS, 1)),
  ...each(
    ['ssl-propquery', 'ssl-provider', 'ssl-provider-path', 'ssl-mode-async', 'ssl-skip-self-issued-ca'],
    without(TLS),
  ),
  ...each(['ssl-load-extra-del-ext', 'maxsslconn', 'maxsslrate', 'ssl-security-level'], without(TLS)),
  ...each(
    ['httpclient.resolvers.id', 'httpclient.resolvers.prefer', 'httpclient.ssl.ca-file'],
    without('no HTTP client runs here'),
  ),
  ...each(
    ['httpclient.ssl.verify', 'httpclient.retries', 'httpclient.timeout.connect'],
    without('no HTTP client runs here'),
  ),
  ...each(['lua-load', 'lua-load-per-thread', 'lua-prepend-path'], unsupported(LUA)),
  ...each(
    ['51degrees-data-file', '51degrees-property-name-list', '51degrees-property-separator'],
    unsupported(DEVICES),
  ),
  ...each(['51degrees-cache-size', 'deviceatlas-json-file', 'deviceatlas-log-level'], unsupported(DEVICES)),
  ...each(['deviceatlas-separator', 'deviceatlas-properties-cookie', 'wurfl-data-file'], unsupported(DEVICES)),
  ...each(['wurfl-information-list', 'wurfl-information-list-separator', 'wurfl-cache-size'], unsupported(DEVICES)),
};

function each(names: string[], keyword: GlobalKeyword): { [keyword: string]: GlobalKeyword } {
  return Object.fromEntries(names.map((name) => [name, keyword]));
}

function readMaxconn(line: Line, { model }: Reader): void {
  const value = line.looseInteger(1, "'maxconn'", { min: 0 });
  if (!line.noMore(2)) return;
  if (model.global.maxconn !== undefined)
    line.warning(
      'repeated',
      0,
      "'maxconn' is already set in a global section, this one is ignored",
      'keep one of the two',
    );
  else model.global.maxconn = value;
  markGlobal(model.global, 'maxconn', line);
}

function readNbthread(line: Line, { model }: Reader): void {
  const value = line.integer(1, "'nbthread'", { min: 1, max: 64 });
  if (line.noMore(2)) model.global.nbthread = value;
}

function readNode(line: Line, { model }: Reader): void {
  if (!line.need(1, 'a name')) return;
  if (/^[A-Za-z0-9._-]+$/.test(line.text(1))) model.global.node = line.text(1);
  else line.error('bad-name', 1, `'${line.text(1)}' is not a node name`, 'use letters, digits, dots, - and _');
}

function readDescription(line: Line, { model }: Reader): void {
  if (line.need(1, 'a text')) model.global.description = line.texts.slice(1).join(' ');
}

function readSpreadChecks(line: Line, { model }: Reader): void {
  model.global.spreadChecks = line.looseInteger(1, "'spread-checks'", { min: 0, max: 50 });
}

function readMasterWorker(line: Line, { model }: Reader): void {
  model.global.masterWorker = true;
  if (line.has(1)) line.choice(1, 'a master-worker option', ['no-exit-on-failure']);
}

function readLog(line: Line, { model }: Reader): void {
  if (line.text(1) === 'global') {
    line.error('bad-value', 1, "'log global' has no meaning in the global section", 'write the address of the log');
    return;
  }
  const target = parseLog(line);
  if (target) model.global.logs.push(target);
}

function readLogSendHostname(line: Line, { model }: Reader): void {
  // Without a name it is the host's own; '' asks the logger to look it up.
  model.global.logSendHostname = line.text(1);
}

function readStats(line: Line, reader: Reader): void {
  switch (line.choice(1, 'a stats setting', ['socket', 'timeout', 'maxconn', 'bind-process'])) {
    case 'socket':
      readSocket(line, reader);
      return;
    case 'timeout':
      reader.model.global.statsTimeoutMs = line.duration(2, "'stats timeout'");
      return;
    case 'maxconn':
      reader.model.global.statsMaxconn = line.integer(2, "'stats maxconn'", { min: 1 });
      return;
    case 'bind-process':
      defer(line, reader.model.global.deferred, 'there is one process');
      return;
  }
}

function readSocket(line: Line, { model }: Reader): void {
  const socket = readStatsSocket(line);
  if (socket) model.global.statsSockets.push(socket);
}

function readSetenv(line: Line, { ctx }: Reader, overwrites: boolean): void {
  if (line.words.length < 3) {
    line.error(
      'missing-argument',
      0,
      `'${line.text(0)}' needs a name and a value`,
      `write '${line.text(0)} NAME VALUE'`,
    );
    return;
  }
  if (overwrites || ctx.env[line.text(1)] === undefined) ctx.env[line.text(1)] = line.text(2);
}

function readUnsetenv(line: Line, { ctx }: Reader): void {
  if (!line.need(1, 'a variable')) return;
  for (const name of line.texts.slice(1)) delete ctx.env[name];
}

/** Keeps only the named variables. */
function readResetenv(line: Line, { ctx }: Reader): void {
  const kept = new Set(line.texts.slice(1));
  for (const name of Object.keys(ctx.env)) if (!kept.has(name)) delete ctx.env[name];
}

function markGlobal(global: Global, field: string, line: Line): void {
  global.at ??= {};
  global.at[field] = line.whole;
}
