/** Mode http: rules that cannot work, and traps that HAProxy accepts in silence. */
import { hasBackend, hasFrontend } from '../defaults.js';
import type { Diagnostics, Loc } from '../diagnostics.js';
import type { Model, Proxy } from '../model.js';
import { judgeHeaderNames } from './header-names.js';
import { Judge, judgeAction, judgeHttpRule } from './http-conditions.js';
import { warnNotRun } from './http-not-run.js';
import { judgeMonitor } from './monitor.js';
import { isLate, warnUnreachable } from './unreachable.js';

export function validateHttp(model: Model, diag: Diagnostics): void {
  for (const proxy of model.proxies) {
    warnUnreachable(proxy, diag);
    warnNotRun(proxy, diag);
    if (proxy.mode !== 'http') {
      warnInTcp(proxy, diag);
      judgeTcp(proxy, new Judge(proxy, diag));
      continue;
    }
    const judge = new Judge(proxy, diag);
    for (const rule of proxy.http.rules) judgeHttpRule(rule, proxy, judge);
    judgeOthers(proxy, judge);
    judge.declared();
    judgeHeaderNames(proxy, diag);
    judgeMonitor(proxy, diag);
    checkCaptures(proxy, diag);
    warnCookies(proxy, diag);
  }
}

/** What runs is judged in rules.ts. */
function judgeTcp(proxy: Proxy, judge: Judge): void {
  judge.declared();
  for (const { phase, action, other, condition, loc } of proxy.tcpRequest) {
    const name = `'tcp-request ${phase} ${other?.do ?? action}'`;
    if (phase === 'content') judge.never(name, condition, loc, phase);
    if (other) judgeAction(name, other, loc, judge);
  }
  judgeResponses(proxy, judge);
  for (const { backend, condition, loc } of proxy.useBackends)
    judge.never(`'use_backend ${backend}'`, condition, loc, proxy.kind === 'listen' ? 'backend-request' : 'request');
  for (const { server, condition, loc } of proxy.useServers)
    judge.never(`'use-server ${server}'`, condition, loc, 'use-server');
}

function judgeResponses({ tcpResponse }: Proxy, judge: Judge): void {
  for (const { action, other, condition, loc } of tcpResponse) {
    const name = `'tcp-response content ${other?.do ?? action}'`;
    judge.condition(name, condition, loc, 'response');
    if (other) judgeAction(name, other, loc, judge);
  }
}

/** Everything else of a proxy in mode http that asks something of a connection. */
function judgeOthers(proxy: Proxy, judge: Judge): void {
  const { http } = proxy;
  for (const rule of proxy.tcpRequest) {
    const name = `'tcp-request ${rule.phase} ${rule.other?.do ?? rule.action}'`;
    judge.condition(name, rule.condition, rule.loc, rule.phase);
    if (rule.other) judgeAction(name, rule.other, rule.loc, judge);
  }
  judgeResponses(proxy, judge);
  for (const rule of proxy.useBackends) {
    const name = `'use_backend ${rule.backend}'`;
    judge.condition(name, rule.condition, rule.loc, proxy.kind === 'listen' ? 'backend-request' : 'request');
    if (rule.isFormat) judge.format(name, rule.backend, rule.loc);
  }
  for (const rule of proxy.useServers) {
    judge.condition(`'use-server ${rule.server}'`, rule.condition, rule.loc, 'use-server');
    if (rule.isFormat) judge.format(`'use-server ${rule.server}'`, rule.server, rule.loc);
  }
  for (const condition of http.monitorFail) judge.condition("'monitor fail'", condition, condition.loc, 'request');
  for (const { condition } of http.statsPage?.rules ?? [])
    judge.condition("'stats http-request'", condition, condition?.loc, 'backend-request');
  for (const condition of http.statsPage?.admin ?? [])
    judge.condition("'stats admin'", condition, condition.loc, 'backend-request');
  judge.format("'unique-id-format'", http.uniqueIdFormat, proxy.at?.uniqueIdFormat);
  judge.expression("'balance hash'", proxy.balance?.expression, proxy.balance?.loc);
}

const IN_TCP: readonly (readonly [what: string, count: (proxy: Proxy) => readonly { loc?: Loc }[]])[] = [
  ['http-request', ({ http }) => http.rules.filter((rule) => rule.on === 'request' && !isLate(rule))],
  ['http-response', ({ http }) => http.rules.filter(({ on }) => on === 'response')],
  ['http-after-response', ({ http }) => http.rules.filter(({ on }) => on === 'after-response')],
  ['redirect', ({ http }) => http.rules.filter(isLate)],
  ['stats', ({ http }) => (http.statsPage ? [http.statsPage] : [])],
  ['cookie', ({ http }) => (http.cookie ? [http.cookie] : [])],
  ['monitor-uri', ({ http, at }) => (http.monitorUri === undefined ? [] : [{ loc: at?.monitorUri }])],
  ['option forwardfor', ({ http, at }) => (http.forwardFor ? [{ loc: at?.forwardFor }] : [])],
  ['capture', ({ http }) => [...http.requestCaptures, ...http.responseCaptures]],
];

/** What only reads requests does nothing in mode tcp; a statistics page is simply not there. */
function warnInTcp(proxy: Proxy, diag: Diagnostics): void {
  for (const [what, linesOf] of IN_TCP) {
    const own = linesOf(proxy).filter(({ loc }) => loc === undefined || isOwn(loc, proxy));
    if (own.length === 0) continue;
    const message = `'${what}' has no effect: ${proxy.kind} '${proxy.name}' is in mode tcp and reads no requests`;
    diag.warning('http-in-tcp', own[0].loc ?? proxy.loc, message, `write 'mode http' in ${proxy.kind} '${proxy.name}'`);
  }
}

/** Written in the proxy itself: what a defaults section says for all is no slip. */
function isOwn(loc: Loc, proxy: Proxy): boolean {
  return loc.file !== proxy.loc?.file || loc.line >= proxy.loc.line;
}

function checkCaptures(proxy: Proxy, diag: Diagnostics): void {
  for (const { on, action, loc } of proxy.http.rules) {
    if (action.do !== 'capture' || action.id === undefined) continue;
    const slots = on === 'request' ? proxy.http.requestCaptures : proxy.http.responseCaptures;
    if (action.id < slots.length || !hasFrontend(proxy)) continue;
    const side = on === 'request' ? 'request' : 'response';
    const remedy = `add 'declare capture ${side} len N' above`;
    diag.error('unknown-capture', loc, `there is no ${side} capture slot ${action.id}`, remedy);
  }
}

/** Without values of servers there is nothing to tell them apart by; dynamic cookies make their own. */
function warnCookies(proxy: Proxy, diag: Diagnostics): void {
  const { cookie } = proxy.http;
  if (!cookie || !hasBackend(proxy) || cookie.isDynamic) return;
  const missing = proxy.servers.filter((server) => server.cookie === undefined);
  if (missing.length === 0 || proxy.servers.length < 2) return;
  const message = `server '${missing[0].name}' has no 'cookie' value: clients it serves are not sent back to it`;
  diag.warning('cookie-unset', missing[0].loc, message, `add 'cookie ${missing[0].name}'`);
}
