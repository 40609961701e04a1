/** What mode http and stick tables add to a proxy in fairlead.yaml: lists of rules, `http:` and `stats:`. */
import type { Capture, ErrorPage, HttpRule, HttpSettings, PersistenceCookie, Proxy, StickTable } from '../model.js';
import { actionWords, redirectWords, replyWords } from './action-text.js';
import { durationText } from './codec.js';
import { type LineKey, line, lines, mark, number, option, word, wordList, wordOf } from './line-keys.js';
import { conditionWhole, expressionWord, sentence, suffix } from './words-text.js';

const rules = (on: HttpRule['on'], isLate: boolean) => (proxy: Proxy) =>
  proxy.http.rules
    .filter(({ on: where, action }) => where === on && (action.do === 'redirect' && action.isLate === true) === isLate)
    .map(({ action, condition }) => {
      const words = action.do === 'redirect' && isLate ? redirectWords(action.redirect) : actionWords(action);
      return `${sentence(words)}${suffix(condition)}`;
    });

/** In the proxy itself, beside `tcp-request`. */
export const RULE_KEYS: readonly LineKey[] = [
  lines(
    'tcp-response',
    'b',
    ['tcp-response', 'content'],
    'reject if { res.len gt 100 }',
    'Rules on what servers send first, in order.',
    (proxy) =>
      proxy.tcpResponse.map(({ action, other, condition }) => {
        return `${other ? sentence(actionWords(other)) : action}${suffix(condition)}`;
      }),
  ),
  word(
    'tcp-response-delay',
    'b',
    ['tcp-response', 'inspect-delay'],
    'Time such rules may wait.',
    ({ responseInspectDelayMs: ms }) => (ms === undefined ? undefined : durationText(ms)),
  ),
  lines(
    'http-request',
    'fb',
    ['http-request'],
    'deny if { path_beg /admin }',
    'Rules on requests, in order.',
    rules('request', false),
  ),
  lines(
    'redirect',
    'fb',
    ['redirect'],
    'scheme https if …',
    'Redirections behind those rules.',
    rules('request', true),
  ),
  lines(
    'http-response',
    'fb',
    ['http-response'],
    'set-header X-A b',
    'Rules on responses, in order.',
    rules('response', false),
  ),
  lines(
    'http-after-response',
    'fb',
    ['http-after-response'],
    'set-header X-A b',
    'Rules on all responses, also those made here.',
    rules('after-response', false),
  ),
  line('stick-table', 'fb', ['stick-table'], 'type ip size 100k expire 30m', 'Its table.', ({ stickTable }) =>
    stickTable ? sentence(tableWords(stickTable)) : undefined,
  ),
  lines('stick', 'b', ['stick'], 'on src', 'Who goes to the server of last time.', ({ stickRules }) =>
    stickRules.map(({ kind, key, table, condition }) => {
      const words = [kind, expressionWord(key), ...(table === undefined ? [] : ['table', table])];
      return `${sentence(words)}${suffix(condition)}`;
    }),
  ),
  lines(
    'force-persist',
    'fb',
    ['force-persist'],
    'if { src 10.0.0.9 }',
    'Who reaches servers that are down.',
    ({ forcePersist }) => forcePersist.map(conditionWhole),
  ),
  lines(
    'ignore-persist',
    'fb',
    ['ignore-persist'],
    'if { path_beg /static }',
    'Who is not kept to a server.',
    ({ ignorePersist }) => ignorePersist.map(conditionWhole),
  ),
];

function tableWords(table: StickTable): string[] {
  const { type, keyLength, size, expireMs, noPurge, peers, store } = table;
  return [
    ...['type', type, ...(keyLength === undefined ? [] : ['len', String(keyLength)]), 'size', String(size)],
    ...(expireMs === undefined ? [] : ['expire', durationText(expireMs)]),
    ...(noPurge ? ['nopurge'] : []),
    ...(peers === undefined ? [] : ['peers', peers]),
    ...(store.length === 0 ? [] : ['store', store.map(storeText).join(',')]),
  ];
}

function storeText({ name, elements, periodMs }: StickTable['store'][number]): string {
  const args = [
    ...(elements === undefined ? [] : [elements]),
    ...(periodMs === undefined ? [] : [durationText(periodMs)]),
  ];
  return args.length === 0 ? name : `${name}(${args.join(',')})`;
}

type Named = {
  [K in keyof HttpSettings]-?: NonNullable<HttpSettings[K]> extends string ? K : never;
}[keyof HttpSettings];

const named = (key: string, sides: 'f' | 'b', keyword: string, field: Named, doc: string) =>
  word(key, sides, [keyword], doc, ({ http }) => http[field]);

type Flag = {
  [K in keyof HttpSettings]-?: NonNullable<HttpSettings[K]> extends boolean ? K : never;
}[keyof HttpSettings];

const flagOption = (key: string, sides: 'f' | 'b' | 'fb', field: Flag, doc: string) =>
  option(key, sides, doc, ({ http }) => http[field]);

const MODES = { 'keep-alive': 'http-keep-alive', 'server-close': 'http-server-close', close: 'httpclose' } as const;

/** In `http:`. */
export const HTTP_KEYS: readonly LineKey[] = [
  {
    ...wordOf(
      'connection',
      'fb',
      [],
      Object.keys(MODES),
      'What becomes of connections behind a response.',
      ({ http }) => http.connectionMode,
    ),
    isWord: false,
    head: ([mode]) => ['option', MODES[mode as keyof typeof MODES]],
  },
  wordOf(
    'reuse',
    'b',
    ['http-reuse'],
    ['never', 'safe', 'aggressive', 'always'],
    'How clients share connections to servers.',
    ({ http }) => http.reuse,
  ),
  line('forwardfor', 'fb', ['option', 'forwardfor'], 'except 127.0.0.0/8', 'X-Forwarded-For to servers.', ({ http }) =>
    forwardText(http.forwardFor),
  ),
  line('originalto', 'fb', ['option', 'originalto'], 'except 127.0.0.0/8', 'X-Original-To to servers.', ({ http }) =>
    forwardText(http.originalTo),
  ),
  line('forwarded', 'b', ['option', 'forwarded'], 'proto for', 'Forwarded (RFC 7239) to servers.', ({ http }) =>
    http.forwarded ? sentence(http.forwarded) || true : undefined,
  ),
  named('monitor-uri', 'f', 'monitor-uri', 'monitorUri', 'Path that is answered here, for who watches this address.'),
  lines('monitor-fail', 'f', ['monitor', 'fail'], 'if { nbsrv(app) lt 1 }', 'When that answer is 503.', ({ http }) =>
    http.monitorFail.map(conditionWhole),
  ),
  lines(
    'capture',
    'f',
    (words) => (words[1] === 'len' ? ['declare', 'capture'] : ['capture']),
    'request header Host len 32',
    'Headers and cookies for the log; REQUEST len N is a slot that rules fill.',
    ({ http }) => [
      ...http.requestCaptures.map((each) => captureText('request', each)),
      ...http.responseCaptures.map((each) => captureText('response', each)),
      ...cookieCaptureText(http.captureCookie),
    ],
  ),
  line('cookie', 'b', ['cookie'], 'SRV insert indirect nocache', 'Cookie that leads back to a server.', ({ http }) =>
    http.cookie ? sentence(cookieWords(http.cookie)) : undefined,
  ),
  named(
    'dynamic-cookie-key',
    'b',
    'dynamic-cookie-key',
    'dynamicCookieKey',
    'What dynamic cookie values are made from.',
  ),
  line('retry-on', 'b', ['retry-on'], 'conn-failure empty-response 503', 'What is tried once more.', ({ http }) =>
    http.retryOn?.join(' '),
  ),
  lines(
    'errors',
    'fb',
    ([first]) => (first === 'status' ? ['http-error'] : []),
    'errorfile 503 /etc/fairlead/503.http',
    'Pages of errors: errorfile, errorfiles, errorloc302, errorloc303, or status … as in http-request return.',
    ({ http }) => http.errorPages.map(errorText),
  ),
  named('unique-id-format', 'f', 'unique-id-format', 'uniqueIdFormat', 'Identifier of a request.'),
  named('unique-id-header', 'f', 'unique-id-header', 'uniqueIdHeader', 'Header that carries it to servers.'),
  named('send-name-header', 'b', 'http-send-name-header', 'sendNameHeader', 'Header that tells servers their name.'),
  named('error-log-format', 'f', 'error-log-format', 'errorLogFormat', 'Format of log lines of errors.'),
  number(
    'max-keep-alive-queue',
    'b',
    ['max-keep-alive-queue'],
    -1,
    'Queue from which on another server is taken.',
    ({ http }) => http.maxKeepAliveQueue,
  ),
  wordOf(
    'restrict-request-header-names',
    'fb',
    ['option', 'http-restrict-req-hdr-names'],
    ['preserve', 'delete', 'reject'],
    'What becomes of header names with other than letters, digits and dashes.',
    ({ http }) => http.restrictReqHdrNames,
  ),
  flagOption('accept-invalid-http-request', 'f', 'acceptInvalidRequest', 'Let requests pass that break the rules.'),
  flagOption('accept-invalid-http-response', 'b', 'acceptInvalidResponse', 'Let responses pass that break the rules.'),
  flagOption('http-buffer-request', 'fb', 'bufferRequest', 'Wait for the body before rules are looked at.'),
  flagOption('http-ignore-probes', 'f', 'ignoreProbes', 'No answer and no log for connections without a request.'),
  flagOption(
    'idle-close-on-response',
    'f',
    'idleCloseOnResponse',
    'At a soft stop, connections at rest wait for one more request.',
  ),
  flagOption('http-no-delay', 'fb', 'noDelay', 'Send each piece at once.'),
  flagOption('http-pretend-keepalive', 'b', 'pretendKeepalive', 'Do not tell servers that the connection closes.'),
  flagOption('http-use-proxy-header', 'f', 'useProxyHeader', 'Obey Proxy-Connection of requests to a proxy.'),
  flagOption('http-use-htx', 'fb', 'useHtx', 'Kept for old files.'),
  flagOption('disable-h2-upgrade', 'f', 'disableH2Upgrade', 'Kept for old files.'),
];

function forwardText(setting: HttpSettings['forwardFor']): string | true | undefined {
  if (!setting) return undefined;
  const { except, header, ifNone } = setting;
  const words = [
    ...(except === undefined ? [] : ['except', except]),
    ...(header === undefined ? [] : ['header', header]),
    ...(ifNone ? ['if-none'] : []),
  ];
  return words.length === 0 ? true : sentence(words);
}

function captureText(side: string, { name, length }: Capture): string {
  return sentence([side, ...(name === undefined ? [] : ['header', name]), 'len', String(length)]);
}

function cookieCaptureText(capture: HttpSettings['captureCookie']): string[] {
  if (!capture) return [];
  return [sentence(['cookie', `${capture.name}${capture.isPrefix ? '' : '='}`, 'len', String(capture.length)])];
}

function cookieWords(cookie: PersistenceCookie): string[] {
  const { name, mode, domains, maxIdleS, maxLifeS, attributes } = cookie;
  return [
    name,
    ...(mode === 'passive' ? [] : [mode]),
    ...(cookie.isIndirect ? ['indirect'] : []),
    ...(cookie.noCache ? ['nocache'] : []),
    ...(cookie.onlyPost ? ['postonly'] : []),
    ...(cookie.preserves ? ['preserve'] : []),
    ...(cookie.httpOnly ? ['httponly'] : []),
    ...(cookie.secure ? ['secure'] : []),
    ...(cookie.isDynamic ? ['dynamic'] : []),
    ...(domains ?? []).flatMap((each) => ['domain', each]),
    ...(maxIdleS === undefined ? [] : ['maxidle', durationText(maxIdleS * 1000)]),
    ...(maxLifeS === undefined ? [] : ['maxlife', durationText(maxLifeS * 1000)]),
    ...(attributes ?? []).flatMap((each) => ['attr', each]),
  ];
}

function errorText({ status, location, reply, file }: ErrorPage): string {
  if (location) return sentence([`errorloc${location.code}`, String(status), location.url]);
  return sentence(reply ? replyWords({ ...reply, status }) : ['errorfile', String(status), file ?? '']);
}

/** In `stats:`; an empty block is a page with nothing but defaults. */
export const STATS_KEYS: readonly LineKey[] = [
  word('uri', 'fb', ['stats', 'uri'], 'Where the page is.', ({ http: { statsPage } }) =>
    statsPage?.uri === '/haproxy?stats' ? undefined : statsPage?.uri,
  ),
  word(
    'realm',
    'fb',
    ['stats', 'realm'],
    'What browsers show when they ask for a password.',
    ({ http: { statsPage } }) => (statsPage?.realm === 'HAProxy Statistics' ? undefined : statsPage?.realm),
  ),
  word('refresh', 'fb', ['stats', 'refresh'], 'Time after which browsers load it again.', ({ http: { statsPage } }) =>
    statsPage?.refreshS ? durationText(statsPage.refreshS * 1000) : undefined,
  ),
  wordList('auth', 'fb', ['stats', 'auth'], 'Who may see it: USER:PASSWORD.', ({ http: { statsPage } }) =>
    (statsPage?.users ?? []).map(({ name, password }) => `${name}:${password}`),
  ),
  lines(
    'http-request',
    'fb',
    ['stats', 'http-request'],
    'deny unless { src 10.0.0.0/8 }',
    'Rules on who may see it.',
    ({ http }) =>
      (http.statsPage?.rules ?? []).map(({ action, realm, condition }) => {
        return `${sentence([action, ...(realm === undefined ? [] : ['realm', realm])])}${suffix(condition)}`;
      }),
  ),
  lines('admin', 'fb', ['stats', 'admin'], 'if LOCALHOST', 'Who may act on it.', ({ http: { statsPage } }) =>
    (statsPage?.admin ?? []).map(conditionWhole),
  ),
  wordList(
    'scope',
    'fb',
    ['stats', 'scope'],
    'Proxies shown; all where none is named.',
    ({ http }) => http.statsPage?.scope ?? [],
  ),
  mark(
    'hide-version',
    'fb',
    ['stats', 'hide-version'],
    'Without the version.',
    ({ http }) => http.statsPage?.hidesVersion,
  ),
  mark(
    'show-legends',
    'fb',
    ['stats', 'show-legends'],
    'With more about each row.',
    ({ http }) => http.statsPage?.showsLegends,
  ),
  mark(
    'show-modules',
    'fb',
    ['stats', 'show-modules'],
    'With what modules count.',
    ({ http }) => http.statsPage?.showsModules,
  ),
  word(
    'node',
    'fb',
    ['stats', 'show-node'],
    "Name of this node; '' is that of `global:`.",
    ({ http }) => http.statsPage?.node,
  ),
  word(
    'description',
    'fb',
    ['stats', 'show-desc'],
    "A text; '' is that of `global:`.",
    ({ http }) => http.statsPage?.description,
  ),
];
