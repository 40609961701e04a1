/** What an import leaves out or sets right of mode http, because it does nothing or cannot have been meant. */
import type { Diagnostics, Loc } from './diagnostics.js';
import type { HttpAction, HttpRule, Proxy } from './model.js';
import { betterHeaderName } from './validate/header-names.js';
import { ruleName } from './validate/http-conditions.js';
import { isShadowed } from './validate/monitor.js';
import { deadHttpRules, deadTcpRules } from './validate/unreachable.js';

export function correctHttp(proxy: Proxy, diag: Diagnostics): void {
  const deadTcp = new Set(deadTcpRules(proxy).map(({ rule }) => rule));
  for (const rule of deadTcp) {
    const name = `'tcp-request ${rule.phase} ${rule.other?.do ?? rule.action}'`;
    diag.notice('corrected', rule.loc, `${name} is left out: a rule above it takes everything`);
  }
  proxy.tcpRequest = proxy.tcpRequest.filter((rule) => !deadTcp.has(rule));
  if (proxy.mode === 'tcp') dropHttp(proxy, diag);
  else {
    dropDead(proxy, diag);
    for (const { action, loc } of proxy.http.rules) renameHeaders(headersOf(action), loc, diag);
    renameSettings(proxy, diag);
  }
}

/** ACLs stay: one that never held must not begin to let people in. */
function renameSettings({ http, at, loc }: Proxy, diag: Diagnostics): void {
  for (const capture of [...http.requestCaptures, ...http.responseCaptures]) {
    const better = capture.name === undefined ? undefined : betterHeaderName(capture.name);
    if (better === undefined) continue;
    renamed(capture.name!, capture.loc, diag);
    capture.name = better;
  }
  for (const [which, place] of [
    ['forwardFor', at?.forwardFor],
    ['originalTo', at?.originalTo],
  ] as const) {
    const header = (http[which] || undefined)?.header;
    const better = header === undefined ? undefined : betterHeaderName(header);
    if (better === undefined) continue;
    http[which] = { ...http[which], header: better };
    renamed(header!, place ?? loc, diag);
  }
  for (const [which, place] of [
    ['uniqueIdHeader', at?.uniqueIdHeader],
    ['sendNameHeader', at?.sendNameHeader],
  ] as const) {
    const header = http[which];
    const better = header === undefined ? undefined : betterHeaderName(header);
    if (better === undefined) continue;
    http[which] = better;
    renamed(header!, place ?? loc, diag);
  }
}

/** In mode tcp nobody reads requests. */
function dropHttp(proxy: Proxy, diag: Diagnostics): void {
  const { http } = proxy;
  for (const rule of http.rules)
    diag.notice('corrected', rule.loc, `${ruleName(rule)} is left out: mode tcp reads no requests`);
  http.rules = [];
  if (http.statsPage) diag.notice('corrected', http.statsPage.loc, "'stats' is left out: mode tcp has no page");
  delete http.statsPage;
  if (http.monitorUri !== undefined)
    diag.notice('corrected', proxy.at?.monitorUri, "'monitor-uri' is left out: mode tcp reads no requests");
  delete http.monitorUri;
  http.monitorFail = [];
}

function dropDead(proxy: Proxy, diag: Diagnostics): void {
  const dead = new Map<HttpRule, string>();
  for (const { rule } of deadHttpRules(proxy)) dead.set(rule, 'a rule above it takes everything');
  for (const rule of proxy.http.rules)
    if (isShadowed(rule, proxy)) dead.set(rule, "'monitor-uri' answers these requests before it");
  for (const [rule, why] of dead) diag.notice('corrected', rule.loc, `${ruleName(rule)} is left out: ${why}`);
  proxy.http.rules = proxy.http.rules.filter((rule) => !dead.has(rule));
}

function headersOf(action: HttpAction): { name: string }[] {
  if ('reply' in action) return action.reply.headers ?? [];
  const isPattern = action.do === 'del-header' && action.match !== undefined;
  return 'name' in action && !isPattern ? [action] : [];
}

function renameHeaders(named: readonly { name: string }[], loc: Loc | undefined, diag: Diagnostics): void {
  for (const each of named) {
    const better = betterHeaderName(each.name);
    if (better === undefined) continue;
    renamed(each.name, loc, diag);
    each.name = better;
  }
}

function renamed(name: string, loc: Loc | undefined, diag: Diagnostics): void {
  diag.notice('corrected', loc, `the header '${name}' gets a name it can have`);
}
