/** `defaults`, `frontend`, `backend` and `listen` sections: opening, inheriting, and what is settled at their end. */
import { emptyProxy } from '../defaults.js';
import type { Loc } from '../diagnostics.js';
import type { HttpSettings, Proxy } from '../model.js';
import { settleBalance } from './balance.js';
import { compileCheck, emptyDraft, inheritDraft } from './checks.js';
import { insertErrorFiles } from './error-pages.js';
import { Line } from './line.js';
import { readPragma } from './pragma.js';
import { isKnownProxyKeyword, PROXY_KEYWORD_NAMES, readProxyKeyword } from './proxy-keywords.js';
import { noteOrder } from './rule-order.js';
import { type ProxySection, type Reader, type Section, unknownKeyword } from './section.js';
import { numberServers } from './server.js';

/** Keywords `no` and `default` may stand in front of. */
const NEGATABLE = ['option', 'log'];

/** Ids of proxies begin here: 1 is the statistics' own. */
const FIRST_ID = 2;

export function openProxy(line: Line, reader: Reader): Section {
  const kind = line.text(0) as ProxySection['kind'];
  const name = line.text(1) === 'from' && kind === 'defaults' ? '' : line.text(1);
  checkHeader(line, kind, name);
  const base = findBase(line, kind, name, reader);
  const section = makeSection(reader, line, kind, name, base);
  if (kind === 'defaults') reader.defaults.push(section);
  else {
    reader.proxies.push(section);
    reader.model.proxies.push(section.proxy);
  }
  return asSection(section);
}

/** A section around a proxy that another language has begun. */
export function resumeProxy(reader: Reader, proxy: Proxy, kind: Proxy['kind'], at: Loc): Section {
  const header = new Line([{ text: kind, loc: at }], reader.diag);
  const { type, steps, role, builtin } = proxy.check;
  const inherited = { role, builtin, external: builtin, isHttpInherited: true, isTcpInherited: true };
  const check = { ...emptyDraft(), method: type, ...inherited };
  if (type === 'http') adoptRequest(check, steps);
  if (type === 'script') check.tcpSteps = steps;
  const section = {
    kind,
    name: proxy.name,
    proxy,
    defaultServer: {},
    check,
    diag: reader.diag,
    globalLogs: [],
    header,
    lastLine: at.line,
    errorFiles: [],
    inherited: { statsPage: proxy.http.statsPage },
  };
  reader.proxies.push(section);
  return { name: proxy.name, line: (line) => readProxyLine(line, section), end: () => endResumed(section, reader) };
}

function adoptRequest(check: ProxySection['check'], steps: Proxy['check']['steps']): void {
  check.httpSteps = steps;
  const send = steps.find((step) => step.do === 'http-send');
  if (send?.do !== 'http-send') return;
  const { method, uri, version, headers, body } = send;
  check.request = { method, uri, version, headers, body };
}

function endResumed(section: ProxySection, { model }: Reader): void {
  settleBalance(section);
  insertErrorFiles(section, model.httpErrors);
  numberServers(section.proxy.servers);
  compileCheck(section);
}

/** Ids for everything that has none: called when all files are read. */
export function finishProxies(reader: Reader): void {
  const taken = new Set(reader.proxies.filter((s) => s.hasOwnId).map((s) => s.proxy.id));
  let next = FIRST_ID;
  for (const section of reader.proxies) {
    numberServers(section.proxy.servers);
    insertErrorFiles(section, reader.model.httpErrors);
    if (section.hasOwnId) continue;
    while (taken.has(next)) next++;
    section.proxy.id = next++;
  }
}

function asSection(section: ProxySection): Section {
  return {
    name: section.name || section.kind,
    line: (line) => {
      noteOrder(line, section);
      readProxyLine(line, section);
    },
    pragma: (line) => readPragma(line, section),
    end: () => endSection(section),
  };
}

function endSection(section: ProxySection): void {
  settleBalance(section);
  compileCheck(section);
  if (section.kind === 'defaults') warnMixedDefaults(section);
}

/** A trap of many installation guides: each half works, and a section that forgets `mode tcp` breaks. */
function warnMixedDefaults({ proxy, diag }: ProxySection): void {
  if (proxy.mode !== 'http' || proxy.logStyle !== 'tcplog') return;
  const message = "'option tcplog' stands in defaults with 'mode http': sections without their own 'mode tcp' are http";
  diag.warning('tcplog-http', proxy.at?.logStyle, message, "write 'mode tcp' in defaults");
}

function readProxyLine(line: Line, section: ProxySection): void {
  section.lastLine = line.whole.line;
  const prefix = line.text(0);
  if (prefix === 'no') {
    readNegated(line, section, prefix);
    return;
  }
  if (prefix === 'default') {
    readNegated(line, section, prefix);
    return;
  }
  if (isKnownProxyKeyword(prefix)) {
    readProxyKeyword(line, section);
    return;
  }
  unknownKeyword(
    line,
    section.kind === 'defaults' ? 'a defaults section' : `${section.kind} '${section.name}'`,
    PROXY_KEYWORD_NAMES,
  );
}

function readNegated(line: Line, section: ProxySection, prefix: 'no' | 'default'): void {
  if (NEGATABLE.includes(line.text(1))) {
    readProxyKeyword(new Line(line.words.slice(1), line.diag, prefix), section);
    return;
  }
  line.error(
    'bad-negation',
    0,
    `'${prefix}' cannot stand in front of '${line.text(1)}'`,
    "it can in front of 'option' and 'log'",
  );
}

function checkHeader(line: Line, kind: ProxySection['kind'], name: string): void {
  if (kind !== 'defaults' && !line.need(1, 'a name')) return;
  const wrong = /[^A-Za-z0-9_.:-]/.exec(name)?.[0];
  if (wrong && kind !== 'defaults')
    line.error(
      'bad-name',
      1,
      `'${wrong}' cannot stand in the ${kind} name '${name}'`,
      'use letters, digits, and - _ . :',
    );
  const from = line.text(1) === 'from' && kind === 'defaults' ? 1 : 2;
  if (!line.has(from)) return;
  if (line.text(from) === 'from' && line.has(from + 1)) line.noMore(from + 2);
  else if (kind !== 'defaults') refuseHeaderWord(line, from, kind);
}

function refuseHeaderWord(line: Line, i: number, kind: string): void {
  if (line.text(i) === 'from')
    line.error('missing-argument', i, "'from' needs the name of a defaults section", "write it after 'from'");
  else
    line.error(
      'extra-argument',
      i,
      `unexpected '${line.text(i)}' after the ${kind} name`,
      "write the address on a 'bind' line below",
    );
}

/** The section settings come from: the one named by `from`, or the latest. A `defaults` section starts afresh without `from`. */
function findBase(line: Line, kind: ProxySection['kind'], name: string, reader: Reader): ProxySection | undefined {
  const i = line.words.findIndex((word, at) => at > 0 && word.text === 'from');
  const wanted = i > 0 ? line.text(i + 1) : '';
  if (wanted === '') return useLatest(kind, reader);
  const found = reader.defaults.filter((section) => section.name === wanted);
  if (found.length === 0)
    line.error(
      'unknown-defaults',
      i + 1,
      `no defaults section '${wanted}' stands above ${kind} '${name}'`,
      `add 'defaults ${wanted}' above it`,
    );
  if (found.length > 1) {
    const lines = found.map((section) => section.header.whole.line).join(' and ');
    line.error(
      'ambiguous-defaults',
      i + 1,
      `there are several defaults sections '${wanted}', on lines ${lines}`,
      'give each its own name',
    );
  }
  return found.at(-1);
}

function useLatest(kind: ProxySection['kind'], reader: Reader): ProxySection | undefined {
  return kind === 'defaults' ? undefined : reader.defaults.at(-1);
}

function makeSection(
  reader: Reader,
  header: Line,
  kind: ProxySection['kind'],
  name: string,
  base?: ProxySection,
): ProxySection {
  const proxy = makeProxy(kind === 'defaults' ? 'listen' : kind, name, base?.proxy);
  proxy.loc = header.whole;
  return {
    kind,
    name,
    proxy,
    defaultServer: structuredClone(base?.defaultServer ?? {}),
    check: base ? inheritDraft(base.check) : emptyDraft(),
    diag: reader.diag,
    globalLogs: reader.model.global.logs,
    header,
    lastLine: header.whole.line,
    errorFiles: [...(base?.errorFiles ?? [])],
    inherited: { statsPage: proxy.http.statsPage },
  };
}

/** A copy of the template, without what the other side alone uses. */
function makeProxy(kind: Proxy['kind'], name: string, template?: Proxy): Proxy {
  const own = emptyProxy(kind, name, 0);
  if (!template) return own;
  const proxy: Proxy = { ...structuredClone(template), kind, name, id: 0, binds: [], servers: [] };
  if (kind === 'frontend') dropBackendSide(proxy);
  if (kind === 'backend') dropFrontendSide(proxy);
  return proxy;
}

/** Of mode http, what one side alone uses. */
const HTTP_BACKEND_FIELDS = [
  ...['reuse', 'cookie', 'dynamicCookieKey', 'retryOn', 'sendNameHeader', 'maxKeepAliveQueue', 'forwarded'],
  ...['acceptInvalidResponse', 'pretendKeepalive'],
] as const;
const HTTP_FRONTEND_FIELDS = [
  ...['monitorUri', 'uniqueIdFormat', 'uniqueIdHeader', 'errorLogFormat', 'acceptInvalidRequest', 'ignoreProbes'],
  ...['useProxyHeader', 'disableH2Upgrade', 'idleCloseOnResponse'],
] as const;

function dropBackendSide(proxy: Proxy): void {
  for (const field of HTTP_BACKEND_FIELDS) delete proxy.http[field as keyof HttpSettings];
  const { options, timeouts } = proxy;
  for (const field of ['fullconn', 'balance', 'hashType', 'retries', 'redispatch', 'source'] as const)
    delete proxy[field];
  for (const field of ['connect', 'server', 'queue', 'check', 'tunnel', 'serverFin'] as const) delete timeouts[field];
  for (const field of ['abortonclose', 'allbackups', 'checkcache', 'logHealthChecks', 'persist'] as const)
    delete options[field];
  for (const field of ['preferLastServer', 'srvtcpka', 'tcpSmartConnect', 'transparent'] as const)
    delete options[field];
  for (const field of ['srvtcpkaCnt', 'srvtcpkaIdleMs', 'srvtcpkaIntvlMs'] as const) delete options[field];
  proxy.check = { type: 'tcp', steps: [] };
  for (const field of ['balance', 'check', 'retries']) delete proxy.at?.[field];
}

function dropFrontendSide(proxy: Proxy): void {
  for (const field of HTTP_FRONTEND_FIELDS) delete proxy.http[field as keyof HttpSettings];
  const { options, timeouts } = proxy;
  for (const field of ['maxconn', 'backlog', 'rateLimitSessions', 'defaultBackend'] as const) delete proxy[field];
  for (const field of ['logStyle', 'logFormat', 'logFormatSd'] as const) delete proxy[field];
  for (const field of ['client', 'clientFin'] as const) delete timeouts[field];
  for (const field of ['clitcpka', 'contstats', 'dontlogNormal', 'dontlognull', 'logSeparateErrors'] as const)
    delete options[field];
  for (const field of ['logasap', 'socketStats', 'tcpSmartAccept'] as const) delete options[field];
  for (const field of ['clitcpkaCnt', 'clitcpkaIdleMs', 'clitcpkaIntvlMs'] as const) delete options[field];
  proxy.tcpRequest = proxy.tcpRequest.filter((rule) => rule.phase === 'content');
  for (const field of ['defaultBackend', 'logStyle', 'maxconn']) delete proxy.at?.[field];
}
