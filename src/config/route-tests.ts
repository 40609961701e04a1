/** What the routes of a proxy are decided by. */
import { readsRequest } from '../core/expr/condition.js';
import type { AclTest, Condition, Proxy } from './model.js';

/** Tests of a condition, its own and those of the ACLs it names. */
export function testsOf(condition: Condition | undefined, proxy: Proxy): AclTest[] {
  const terms = condition?.anyOf.flat() ?? [];
  return terms.flatMap((term) =>
    term.test ? [term.test] : proxy.acls.filter((acl) => acl.name === term.acl).map((acl) => acl.test),
  );
}

/** Whether content rules wait for what the client sends: then tests on HTTP requests have something to look at. */
export function inspects(proxy: Proxy): boolean {
  return proxy.inspectDelayMs !== undefined || proxy.tcpRequest.some((rule) => rule.phase === 'content');
}

/**
 * Whether a proxy in mode tcp routes by HTTP requests that nothing waits for. HAProxy decides by luck: whether the
 * request was there already when it took the connection up. Here the connection waits for it a moment.
 */
export function routesByUnawaitedRequest(proxy: Proxy): boolean {
  if (proxy.mode !== 'tcp' || inspects(proxy)) return false;
  const routes = [...proxy.useBackends, ...(proxy.kind === 'listen' ? proxy.useServers : [])];
  return routes.some(({ condition }) => testsOf(condition, proxy).some(readsRequest));
}
