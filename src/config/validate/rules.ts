/** Rules that cannot do what they were written for. */
import { hasFrontend } from '../defaults.js';
import type { Diagnostics } from '../diagnostics.js';
import { reachOf } from '../haproxy/acl.js';
import type { AclTest, Condition, Model, Proxy } from '../model.js';

export function validateRules(model: Model, diag: Diagnostics): void {
  for (const proxy of model.proxies) {
    if (proxy.mode === 'http') continue;
    warnHttpAcls(proxy, diag);
    if (hasFrontend(proxy)) warnUnconditional(proxy, diag);
  }
}

/** What looks into HTTP requests never matches in mode tcp, and HAProxy stays silent about most of it. */
function warnHttpAcls(proxy: Proxy, diag: Diagnostics): void {
  const remedy = `write 'mode http' in ${proxy.kind} '${proxy.name}' and its backends, or decide by 'src', 'dst' or 'dst_port'`;
  for (const acl of proxy.acls) {
    if (!isHttp(acl.test)) continue;
    diag.warning(
      'http-acl',
      acl.loc,
      `ACL '${acl.name}' looks into HTTP requests, which mode tcp does not read: it never matches`,
      remedy,
    );
  }
  for (const rule of [...proxy.useBackends, ...proxy.useServers, ...proxy.tcpRequest]) {
    if (!rule.condition || !usesHttp(rule.condition)) continue;
    diag.warning(
      'http-acl',
      rule.loc,
      'this condition looks into HTTP requests, which mode tcp does not read: it never matches',
      remedy,
    );
  }
}

function usesHttp(condition: Condition): boolean {
  return condition.anyOf.flat().some((term) => term.test !== undefined && isHttp(term.test));
}

function isHttp(test: AclTest): boolean {
  return reachOf(test) === 'never-matches';
}

/** An unconditional rule ends the list: it is a default backend in disguise. */
function warnUnconditional(proxy: Proxy, diag: Diagnostics): void {
  const at = proxy.useBackends.findIndex((rule) => !rule.condition);
  if (at < 0) return;
  const rule = proxy.useBackends[at];
  diag.warning(
    'unconditional-use-backend',
    rule.loc,
    `'use_backend ${rule.backend}' has no condition and takes everything`,
    `write 'default_backend ${rule.backend}'`,
  );
  for (const late of proxy.useBackends.slice(at + 1)) {
    diag.warning(
      'unreachable-rule',
      late.loc,
      `'use_backend ${late.backend}' is never reached: the rule on line ${rule.loc?.line} takes everything`,
      'move it in front of that line',
    );
  }
  if (proxy.defaultBackend !== undefined && proxy.defaultBackend !== rule.backend) {
    diag.warning(
      'unreachable-rule',
      proxy.at?.defaultBackend,
      `'default_backend ${proxy.defaultBackend}' is never reached`,
      `remove the unconditional 'use_backend' on line ${rule.loc?.line}`,
    );
  }
}
