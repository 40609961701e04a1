/** `monitor-uri` answers before any rule is looked at (manual, `monitor-uri`): what it shadows, and what shadows it. */
import type { Diagnostics, Loc } from '../diagnostics.js';
import type { AclTest, Condition, HttpRule, Proxy } from '../model.js';
import { ruleName } from './http-conditions.js';

export function judgeMonitor(proxy: Proxy, diag: Diagnostics): void {
  const { monitorUri, statsPage, monitorFail, rules } = proxy.http;
  const loc = proxy.at?.monitorUri ?? proxy.loc;
  if (monitorUri === undefined) {
    if (monitorFail.length > 0)
      diag.warning(
        'monitor-unset',
        monitorFail[0].loc ?? proxy.loc,
        "'monitor fail' has no effect without 'monitor-uri'",
        "add such as 'monitor-uri /alive'",
      );
    return;
  }
  if (!/^([/*]|https?:\/\/)/.test(monitorUri))
    diag.warning(
      'monitor-never',
      loc,
      `no request can ask for '${monitorUri}', so 'monitor-uri' never answers`,
      `write '/${monitorUri}'`,
    );
  if (statsPage?.uri === monitorUri)
    diag.warning(
      'monitor-shadows',
      loc,
      `'monitor-uri ${monitorUri}' answers in place of the statistics page, which has the same address`,
      "write another 'stats uri'",
    );
  for (const rule of rules) if (isShadowed(rule, proxy)) complain(ruleName(rule), rule.loc);
  for (const rule of proxy.useBackends)
    if (isOnlyFor(rule.condition, proxy, monitorUri)) complain(`'use_backend ${rule.backend}'`, rule.loc);

  function complain(what: string, where: Loc | undefined): void {
    const message = `${what} is never reached: 'monitor-uri ${monitorUri}' answers these requests before it`;
    diag.warning('monitor-shadows', where, message, "remove the rule, or write another 'monitor-uri'");
  }
}

/** A rule that only asks for the path that `monitor-uri` answers. */
export function isShadowed({ on, condition }: HttpRule, proxy: Proxy): boolean {
  const { monitorUri } = proxy.http;
  return monitorUri !== undefined && on === 'request' && isOnlyFor(condition, proxy, monitorUri);
}

/** Every alternative asks for exactly this path. */
function isOnlyFor(condition: Condition | undefined, proxy: Proxy, uri: string): boolean {
  if (condition === undefined || condition.when === 'unless' || condition.anyOf.length === 0) return false;
  return condition.anyOf.every((terms) =>
    terms.some(({ negate, acl, test }) => {
      const tests = test ? [test] : proxy.acls.filter(({ name }) => name === acl).map((each) => each.test);
      return !negate && tests.length > 0 && tests.every((each) => asksFor(each, uri));
    }),
  );
}

function asksFor({ fetch, converters, match, patterns, flags }: AclTest, uri: string): boolean {
  const isExact = ['path', 'url'].includes(fetch) && converters.length === 0 && (match ?? 'str') === 'str';
  return isExact && flags.length === 0 && patterns.length > 0 && patterns.every((pattern) => pattern === uri);
}
