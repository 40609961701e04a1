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
  for (const [field, what, remedy] of SETTINGS) {
    const isSet = proxy.http[field] !== undefined && proxy.http[field] !== false;
    const loc = proxy.at?.[field] ?? proxy.at?.[what];
    const isOwn = loc === undefined || loc.line >= (proxy.loc?.line ?? 0);
    if (isSet && isOwn) diag.warning('not-run', loc ?? proxy.loc, `'${what}' does not run in this version`, remedy);
  }
}
