/** What an import leaves out or sets right of mode http, because it does nothing or cannot have been meant. */
import type { Diagnostics } from './diagnostics.js';
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
    for (const { action, loc } of proxy.http.rules)
      for (const name of renameHeaders(action))
        diag.notice('corrected', loc, `the header '${name}' gets a name it can have`);
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

/** @returns the names that were replaced */
function renameHeaders(action: HttpAction): string[] {
  const named = 'reply' in action ? (action.reply.headers ?? []) : 'name' in action ? [action] : [];
  return named.flatMap((each) => {
    const better = betterHeaderName(each.name);
    if (better === undefined) return [];
    const was = each.name;
    each.name = better;
    return [was];
  });
}
