/** Settings of mode http that are read and have no effect in this version: each is named. */
import { hasBackend } from '../defaults.js';
import type { Diagnostics } from '../diagnostics.js';
import type { HttpSettings, Proxy, TcpResponseRule } from '../model.js';

type Setting = readonly [field: keyof HttpSettings, what: string, remedy: string];

const SETTINGS: readonly Setting[] = [
  ['errorLogFormat', 'error-log-format', 'errors are logged in the format of the other lines'],
  ['maxKeepAliveQueue', 'max-keep-alive-queue', 'a client stays with the server of its connection'],
  ['acceptInvalidResponse', 'option accept-invalid-http-response', 'answers that break the rules are 502'],
  ['pretendKeepalive', 'option http-pretend-keepalive', 'servers are told what becomes of the connection'],
];

export function warnNotRun(proxy: Proxy, diag: Diagnostics): void {
  refuseResponseRules(proxy, diag);
  if (proxy.mode !== 'http') return;
  for (const [field, what, remedy] of SETTINGS) {
    const isSet = proxy.http[field] !== undefined && proxy.http[field] !== false;
    const loc = proxy.at?.[field] ?? proxy.at?.[what];
    const isOwn = loc === undefined || loc.line >= (proxy.loc?.line ?? 0);
    if (isSet && isOwn) diag.warning('not-run', loc ?? proxy.loc, `'${what}' does not run in this version`, remedy);
  }
}

/** Whoever wants an answer stopped must not be passed over. In mode http there are better rules for it. */
function refuseResponseRules(proxy: Proxy, diag: Diagnostics): void {
  if (!hasBackend(proxy)) return;
  const remedy = "in mode http write 'http-response deny'; else remove the rule, or run this proxy in HAProxy";
  for (const rule of proxy.tcpResponse) {
    const what = `'tcp-response content ${rule.other?.do ?? rule.action}'`;
    if (isDecisive(rule))
      diag.error(
        'undecidable-rule',
        rule.loc,
        `${what} decides about connections and cannot run in this version`,
        remedy,
      );
    else if (rule.action !== 'accept')
      diag.warning('not-run', rule.loc, `${what} does not run in this version`, remedy);
  }
}

function isDecisive({ action }: TcpResponseRule): boolean {
  return action === 'reject' || action === 'close' || action === 'silent-drop';
}
