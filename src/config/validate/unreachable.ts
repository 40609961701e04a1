/** Rules behind one that always decides: nothing is looked at there. */
import type { Diagnostics, Loc } from '../diagnostics.js';
import type { HttpRule, Proxy, TcpRule } from '../model.js';
import { ruleName } from './http-conditions.js';

export interface Dead<R> {
  readonly rule: R;
  /** The one that takes everything. */
  readonly last: R;
}

const FINAL = ['allow', 'deny', 'return', 'redirect', 'tarpit', 'auth', 'reject', 'silent-drop', 'use-service'];
const TCP_FINAL = ['accept', 'reject', 'silent-drop'];

export function warnUnreachable(proxy: Proxy, diag: Diagnostics): void {
  for (const { rule, last } of deadTcpRules(proxy)) {
    const name = (each: TcpRule) => `'tcp-request ${each.phase} ${each.other?.do ?? each.action}'`;
    warn(name(rule), rule.loc, name(last), last.loc, diag);
  }
  if (proxy.mode !== 'http') return;
  for (const { rule, last } of deadHttpRules(proxy)) warn(ruleName(rule), rule.loc, ruleName(last), last.loc, diag);
}

function warn(rule: string, loc: Loc | undefined, last: string, at: Loc | undefined, diag: Diagnostics): void {
  const message = `${rule} is never reached: ${last} on line ${at?.line} takes everything`;
  diag.warning('unreachable-rule', loc, message, 'move it in front of that line, or give that line a condition');
}

/** `redirect` lines run behind the other rules on requests. */
export function deadHttpRules({ http }: Proxy): Dead<HttpRule>[] {
  return (['request', 'response', 'after-response'] as const).flatMap((on) => {
    const rules = http.rules.filter((rule) => rule.on === on);
    const ordered = [...rules.filter((rule) => !isLate(rule)), ...rules.filter(isLate)];
    const at = ordered.findIndex(({ action, condition }) => FINAL.includes(action.do) && !condition && !isHalf(action));
    if (at < 0) return [];
    const last = ordered[at];
    // An 'allow' ends the rules of its list and lets 'redirect' lines have their say.
    const dead = ordered.slice(at + 1).filter((rule) => last.action.do !== 'allow' || !isLate(rule));
    return dead.map((rule) => ({ rule, last }));
  });
}

export function deadTcpRules({ tcpRequest }: Proxy): Dead<TcpRule>[] {
  return (['connection', 'session', 'content'] as const).flatMap((phase) => {
    const rules = tcpRequest.filter((rule) => rule.phase === phase);
    const at = rules.findIndex(({ action, condition }) => TCP_FINAL.includes(action) && !condition);
    return at < 0 ? [] : rules.slice(at + 1).map((rule) => ({ rule, last: rules[at] }));
  });
}

export function isLate({ action }: HttpRule): boolean {
  return action.do === 'redirect' && action.isLate === true;
}

/** A redirect that may leave a request alone ends nothing. */
function isHalf(action: HttpRule['action']): boolean {
  return action.do === 'redirect' && action.redirect.ignoresEmpty === true;
}
