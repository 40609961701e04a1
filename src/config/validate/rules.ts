/** Rules that cannot do what they were written for. Those that decide over connections must not be passed over. */
import { aclTestProblem, readsContents, readsRequest } from '../../core/expr/condition.js';
import { hasFrontend } from '../defaults.js';
import type { Diagnostics, Loc } from '../diagnostics.js';
import type { AclTest, Model, Proxy, TcpRule } from '../model.js';
import { inspects, testsOf } from '../route-tests.js';

const REMEDY =
  "decide by 'src', 'dst', 'dst_port', 'req.ssl_sni', 'req.payload' or the figures of a backend, or remove the rule";

export function validateRules(model: Model, diag: Diagnostics): void {
  for (const proxy of model.proxies) if (hasFrontend(proxy)) warnUnconditional(proxy, diag);
  const running = model.proxies.filter((proxy) => proxy.mode === 'tcp');
  const complaints = new Complaints(diag);
  const looksInside = running.some((proxy) => inspects(proxy));
  for (const proxy of running) {
    proxy.tcpRequest.forEach((rule, i) => {
      if (rule.action === 'other') return;
      if (isHarmless(rule, proxy.tcpRequest.slice(i + 1))) warnPassedOver(rule, proxy, diag);
      else judgeTcpRule(rule, proxy, complaints);
    });
    refuseDeferred(proxy, complaints);
    judgeRoutes(proxy, looksInside, complaints, diag);
  }
}

/** Rules that several proxies inherit from one defaults section are complained of once. */
class Complaints {
  private readonly said = new Set<string>();

  constructor(private readonly diag: Diagnostics) {}

  error(code: string, loc: Loc | undefined, message: string, remedy: string): void {
    const key = `${loc?.file}:${loc?.line}:${loc?.col}:${message}`;
    if (this.said.has(key)) return;
    this.said.add(key);
    this.diag.error(code, loc, message, remedy);
  }
}

/** An `accept` in front of no rule that refuses changes nothing. */
function isHarmless(rule: TcpRule, following: readonly TcpRule[]): boolean {
  const refuses = ({ phase, action }: TcpRule) =>
    phase === rule.phase && (action === 'reject' || action === 'silent-drop');
  return rule.action === 'accept' && !following.some(refuses);
}

function warnPassedOver(rule: TcpRule, proxy: Proxy, diag: Diagnostics): void {
  const problem = testsOf(rule.condition, proxy)
    .map(aclTestProblem)
    .find((found) => found !== null);
  if (!problem) return;
  const message = `'tcp-request ${rule.phase} accept' is passed over: ${problem}; nobody is refused behind it`;
  diag.warning('not-run', rule.loc, message, 'remove the rule');
}

/** Whoever wrote it wants somebody kept out or let in: without an answer the door must not simply stand open. */
function judgeTcpRule(rule: TcpRule, proxy: Proxy, complaints: Complaints): void {
  const name = `'tcp-request ${rule.phase} ${rule.action}'`;
  for (const test of testsOf(rule.condition, proxy)) {
    const problem = aclTestProblem(test);
    if (problem !== null)
      complaints.error('undecidable-rule', rule.loc, `${name} cannot be decided: ${problem}`, REMEDY);
    else if (rule.phase !== 'content' && readsContents(test))
      complaints.error(
        'undecidable-rule',
        rule.loc,
        `${name} cannot be decided: '${test.fetch}' looks at what the client sends, which is not there yet`,
        `write 'tcp-request content ${rule.action} …', and 'tcp-request inspect-delay 5s'`,
      );
  }
}

function refuseDeferred(proxy: Proxy, complaints: Complaints): void {
  for (const { words, reason, isDecisive, loc } of proxy.deferred) {
    if (!isDecisive) continue;
    const name = words.slice(0, words[0].startsWith('tcp-re') ? 3 : 2).join(' ');
    const remedy = 'remove the line, or run this proxy in HAProxy';
    complaints.error('undecidable-rule', loc, `'${name}' decides about connections and cannot run; ${reason}`, remedy);
  }
}

/**
 * Where a condition cannot be evaluated connections would silently go elsewhere: an error. Tests on HTTP requests have
 * nothing sure to look at where nobody waits for a request, and HAProxy does not say so.
 */
function judgeRoutes(proxy: Proxy, looksInside: boolean, complaints: Complaints, diag: Diagnostics): void {
  const routes = [
    ...proxy.useBackends.map((rule) => ({ ...rule, name: `'use_backend ${rule.backend}'` })),
    ...proxy.useServers.map((rule) => ({ ...rule, name: `'use-server ${rule.server}'` })),
  ];
  for (const { name, condition, loc } of routes)
    for (const test of testsOf(condition, proxy)) {
      const problem = aclTestProblem(test);
      if (problem !== null) complaints.error('undecidable-rule', loc, `${name} cannot be decided: ${problem}`, REMEDY);
      else if (!looksInside && readsRequest(test) && condition?.anyOf.flat().some((term) => term.test === test))
        warnHttp('this condition looks', test, loc, proxy, diag);
    }
  if (looksInside) return;
  for (const acl of proxy.acls)
    if (readsRequest(acl.test)) warnHttp(`ACL '${acl.name}' looks`, acl.test, acl.loc, proxy, diag);
}

function warnHttp(what: string, { fetch }: AclTest, loc: Loc | undefined, proxy: Proxy, diag: Diagnostics): void {
  diag.warning(
    'http-acl',
    loc,
    `${what} into HTTP requests ('${fetch}') in mode tcp: only the first of each connection decides, and in HAProxy even that by luck`,
    `write 'mode http' in ${proxy.kind} '${proxy.name}' and its backends, or decide by 'src', 'dst' or 'dst_port'`,
  );
}

/** An unconditional rule ends the list: it is a default backend in disguise. */
function warnUnconditional(proxy: Proxy, diag: Diagnostics): void {
  const at = proxy.useBackends.findIndex((rule) => !rule.condition);
  if (at < 0) return;
  const rule = proxy.useBackends[at];
  if (!rule.isFormat)
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
  // What a computed name leads nowhere for goes to the default backend.
  if (!rule.isFormat && proxy.defaultBackend !== undefined && proxy.defaultBackend !== rule.backend) {
    diag.warning(
      'unreachable-rule',
      proxy.at?.defaultBackend,
      `'default_backend ${proxy.defaultBackend}' is never reached`,
      `remove the unconditional 'use_backend' on line ${rule.loc?.line}`,
    );
  }
}
