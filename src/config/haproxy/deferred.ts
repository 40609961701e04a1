/**
 * What parses and does not run: proxy keywords of http mode, stick tables and their kind, and the warnings that name
 * every such line, neighbouring lines together.
 */
import type { Diagnostics } from '../diagnostics.js';
import type { Deferred } from '../model.js';
import { didYouMean } from '../suggest.js';
import type { Line } from './line.js';
import { checkTrailingCondition } from './rules.js';
import { defer, type ProxyKeyword, type ProxyKeywords, type ProxySection, type Reader, RUNS_LATER } from './section.js';

const HTTP = 'mode http comes with a later version';
const TABLES = 'stick tables come with a later version';
const PERSISTENCE = 'cookies and persistence come with mode http, in a later version';
const MAIL = 'mail alerts are not supported: send mail from what reads the logs';

/** A keyword that is noted. `second` lists what may follow it, where only some words may. */
function later(places: string, reason: string, second?: readonly string[]): ProxyKeyword {
  return {
    in: places,
    read: (line, section) => {
      if (second && !isKnownSecond(line, second)) return;
      if (CONDITIONAL.includes(line.text(0))) checkTrailingCondition(line, section);
      defer(line, section.proxy.deferred, reason, isDecisiveResponse(line));
    },
  };
}

/** A rule that may end a connection for what its server says. */
function isDecisiveResponse(line: Line): boolean {
  return line.text(0) === 'tcp-response' && ['reject', 'close', 'silent-drop'].includes(line.text(2));
}

function isKnownSecond(line: Line, known: readonly string[]): boolean {
  if (!line.need(1, `one of ${known.join(', ')}`)) return false;
  const word = line.text(1).replace(/\(.*$/s, '');
  if (known.includes(word)) return true;
  line.error(
    'unknown-keyword',
    1,
    `unknown '${line.text(0)}' setting '${line.text(1)}'`,
    didYouMean(word, known, `write one of ${known.join(', ')}`),
  );
  return false;
}

/** Keywords whose lines may end in a condition. */
const CONDITIONAL = [
  ...['http-request', 'http-response', 'http-after-response', 'redirect', 'monitor', 'force-persist', 'ignore-persist'],
  ...['stick', 'stats', 'tcp-response'],
];

const STATS = [
  'admin',
  'auth',
  'enable',
  'hide-version',
  'http-request',
  'realm',
  'refresh',
  'scope',
  'show-desc',
  'show-legends',
  'show-modules',
  'show-node',
  'uri',
];

const VARIABLE_ACTIONS = ['set-var', 'set-var-fmt', 'unset-var'];
const COUNTER_ACTIONS = [
  'sc-add-gpc',
  'sc-inc-gpc',
  'sc-inc-gpc0',
  'sc-inc-gpc1',
  'sc-set-gpt',
  'sc-set-gpt0',
  'track-sc',
  'track-sc0',
  'track-sc1',
  'track-sc2',
];

const HTTP_ACTIONS = [
  ...[
    'add-acl',
    'add-header',
    'allow',
    'auth',
    'cache-store',
    'cache-use',
    'capture',
    'del-acl',
    'del-header',
    'del-map',
  ],
  ...[
    'deny',
    'disable-l7-retry',
    'do-resolve',
    'early-hint',
    'lua',
    'normalize-uri',
    'redirect',
    'reject',
    'replace-header',
  ],
  ...[
    'replace-path',
    'replace-pathq',
    'replace-uri',
    'replace-value',
    'return',
    'send-spoe-group',
    'set-dst',
    'set-dst-port',
  ],
  ...[
    'set-header',
    'set-log-level',
    'set-map',
    'set-mark',
    'set-method',
    'set-nice',
    'set-path',
    'set-pathq',
    'set-priority-class',
  ],
  ...['set-priority-offset', 'set-query', 'set-src', 'set-src-port', 'set-status', 'set-timeout', 'set-tos', 'set-uri'],
  ...['silent-drop', 'strict-mode', 'tarpit', 'use-service', 'wait-for-body', 'wait-for-handshake', 'ot-group'],
  ...VARIABLE_ACTIONS,
  ...COUNTER_ACTIONS,
];

/** Keywords of proxies that are noted and wait for a later version (manual §4.1). */
export const DEFERRED_KEYWORDS: ProxyKeywords = {
  'http-request': later('nfb', HTTP, HTTP_ACTIONS),
  'http-response': later('nfb', HTTP, HTTP_ACTIONS),
  'http-after-response': later('nfb', HTTP, HTTP_ACTIONS),
  'http-error': later('dfb', HTTP, ['status']),
  'http-reuse': later('db', HTTP, ['never', 'safe', 'aggressive', 'always']),
  'http-send-name-header': later('db', HTTP),
  redirect: later('fb', HTTP, ['location', 'prefix', 'scheme']),
  errorfile: later('dfb', HTTP),
  errorfiles: later('dfb', HTTP),
  errorloc: later('dfb', HTTP),
  errorloc302: later('dfb', HTTP),
  errorloc303: later('dfb', HTTP),
  'error-log-format': later('df', HTTP),
  compression: later('dfb', HTTP, [
    'algo',
    'algo-req',
    'algo-res',
    'type',
    'type-req',
    'type-res',
    'offload',
    'direction',
  ]),
  filter: later('fb', HTTP, [
    'trace',
    'compression',
    'spoe',
    'cache',
    'fcgi-app',
    'opentracing',
    'bwlim-in',
    'bwlim-out',
  ]),
  capture: later('fb', HTTP, ['cookie', 'request', 'response']),
  declare: later('f', HTTP, ['capture']),
  cookie: later('db', PERSISTENCE),
  appsession: later('fb', PERSISTENCE),
  persist: later('db', PERSISTENCE, ['rdp-cookie']),
  'force-persist': later('fb', PERSISTENCE, ['if', 'unless']),
  'ignore-persist': later('fb', PERSISTENCE, ['if', 'unless']),
  'stick-table': later('fb', TABLES),
  stick: later('b', TABLES, ['match', 'on', 'store-request', 'store-response']),
  stats: later('dfb', 'the statistics page comes with mode http, in a later version', STATS),
  monitor: later('f', HTTP, ['fail']),
  'monitor-uri': later('df', HTTP),
  'max-keep-alive-queue': later('db', HTTP),
  'retry-on': later('db', HTTP),
  'unique-id-format': later('df', HTTP),
  'unique-id-header': later('df', HTTP),
  'tcp-response': later('nb', 'rules on responses come with a later version', ['content', 'inspect-delay']),
  'use-fcgi-app': later('b', HTTP),
  'email-alert': later('dfb', MAIL, ['from', 'level', 'mailers', 'myhostname', 'to']),
};

/** One warning per run of neighbouring lines with the same reason; each names its lines and their first words. */
export function reportDeferred(reader: Reader): void {
  const { diag } = reader;
  reportList(reader.model.global.deferred, diag);
  for (const section of [...reader.defaults, ...reader.proxies]) {
    if (section.proxy.mode === 'http' && section.kind !== 'defaults') reportHttpProxy(section, diag);
    else
      reportList(
        section.proxy.deferred.filter((entry) => isOwn(entry, section) && !entry.isDecisive),
        diag,
      );
  }
}

/** Inherited lines are named once, where they stand. */
function isOwn(entry: Deferred, section: ProxySection): boolean {
  return entry.loc?.file === section.header.whole.file && entry.loc.line >= section.header.whole.line;
}

function reportHttpProxy(section: ProxySection, diag: Diagnostics): void {
  const { file, line, col, len } = section.header.whole;
  const span = section.lastLine > line ? `lines ${line} to ${section.lastLine}` : `line ${line}`;
  const message = `${section.kind} '${section.name}' is in mode http and ${RUNS_LATER} (${span} of ${file})`;
  diag.warning('mode-http', { file, line, col, len }, message, "write 'mode tcp' to forward its connections untouched");
}

function reportList(list: readonly Deferred[], diag: Diagnostics): void {
  for (const run of runsOf(list)) {
    const first = run[0].loc;
    const numbers = run.map((entry) => entry.loc?.line ?? 0);
    const keywords = [...new Set(run.map((entry) => `'${entry.words.slice(0, 2).join(' ')}'`))].join(', ');
    const verb =
      run.length > 1
        ? `lines ${numbers[0]} to ${numbers[run.length - 1]} (${keywords}) do not run in this version`
        : `${keywords} ${RUNS_LATER}`;
    diag.warning('not-run', first, verb, run[0].reason);
  }
}

function runsOf(list: readonly Deferred[]): Deferred[][] {
  const runs: Deferred[][] = [];
  for (const entry of list) {
    const last = runs.at(-1)?.at(-1);
    const isNext =
      last?.reason === entry.reason &&
      last.loc?.file === entry.loc?.file &&
      (last.loc?.line ?? 0) + 1 === entry.loc?.line;
    if (isNext) runs[runs.length - 1].push(entry);
    else runs.push([entry]);
  }
  return runs;
}
