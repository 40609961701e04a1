/** Settings of mode http that are read and have no effect in this version: each is named. */
import type { Diagnostics } from '../diagnostics.js';
import type { HttpSettings, Proxy } from '../model.js';

type Setting = readonly [field: keyof HttpSettings, what: string, remedy: string];

const SETTINGS: readonly Setting[] = [
  ['maxKeepAliveQueue', 'max-keep-alive-queue', 'a client stays with the server of its connection'],
  ['acceptInvalidResponse', 'option accept-invalid-http-response', 'answers that break the rules are 502'],
];

export function warnNotRun(proxy: Proxy, diag: Diagnostics): void {
  if (proxy.mode !== 'http') return;
  refuseAclChanges(proxy, diag);
  for (const [field, what, remedy] of SETTINGS) {
    const isSet = proxy.http[field] !== undefined && proxy.http[field] !== false;
    const loc = proxy.at?.[field] ?? proxy.at?.[what];
    const isOwn = loc === undefined || loc.line >= (proxy.loc?.line ?? 0);
    if (isSet && isOwn) diag.warning('not-run', loc ?? proxy.loc, `'${what}' does not run in this version`, remedy);
  }
}

/** An ACL that should have grown and did not is an open door. */
function refuseAclChanges({ http }: Proxy, diag: Diagnostics): void {
  for (const { on, action, loc } of http.rules)
    if (action.do === 'add-acl' || action.do === 'del-acl')
      diag.error(
        'not-run',
        loc,
        `'http-${on} ${action.do}' cannot run: patterns of '-f' are those of the file when it was read`,
        "write 'set-map' and ask 'map(FILE)', or count in a stick table",
      );
}
