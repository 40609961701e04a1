/** Everything of a proxy's http settings that rules, replies and persistence need, compiled once at load. */
import type { CommonAction, HttpRule } from '../../../config/http-model.js';
import type { Model, Proxy } from '../../../config/model.js';
import type { Predicate } from '../../../core/expr/condition.js';
import type { Source } from './answer.js';
import { Captures } from './captures.js';
import { compileHttpRule } from './http-steps.js';
import { compilePages, compileRawPages } from './message-source.js';
import { restrictionRules } from './restricted-names.js';
import { compileStatsPage, type StatsAccess } from './stats-access.js';
import { type CompiledRule, compileWhen } from './step.js';

/** Kept by a frontend or backend entity; made anew by each reload. */
export class HttpProgram {
  readonly requestRules: CompiledRule[];
  /** `redirect` lines, and what is no rule and comes as late: behind all other request rules, and behind the statistics page. */
  readonly lateRedirects: CompiledRule[];
  readonly responseRules: CompiledRule[];
  readonly afterResponseRules: CompiledRule[];
  readonly monitorFail: Predicate[];
  readonly stats: StatsAccess | null;
  readonly requestCaptures: Captures;
  readonly responseCaptures: Captures;
  readonly pages: ReadonlyMap<number, Source>;
  readonly rawPages: ReadonlyMap<number, Uint8Array>;
  readonly forcePersist: Predicate[];
  readonly ignorePersist: Predicate[];

  constructor(
    readonly proxy: Proxy,
    readonly model: Model,
  ) {
    const { http } = proxy;
    this.requestCaptures = new Captures(http.requestCaptures, capturesOf(http.rules, 'request'));
    this.responseCaptures = new Captures(http.responseCaptures, capturesOf(http.rules, 'response'));
    const isLate = (rule: HttpRule) => rule.action.do === 'redirect' && rule.action.isLate === true;
    this.requestRules = this.compile(http.rules.filter((rule) => rule.on === 'request' && !isLate(rule)));
    const late = http.rules.filter((rule) => rule.on === 'request' && isLate(rule));
    this.lateRedirects = this.compile([...late, ...restrictionRules(http)]);
    this.responseRules = this.compile(http.rules.filter((rule) => rule.on === 'response'));
    this.afterResponseRules = this.compile(http.rules.filter((rule) => rule.on === 'after-response'));
    this.monitorFail = http.monitorFail.map((one) => compileWhen(one, proxy)!);
    this.stats = http.statsPage === undefined ? null : compileStatsPage(http.statsPage, proxy);
    this.pages = compilePages(proxy, model);
    this.rawPages = compileRawPages(proxy);
    this.forcePersist = proxy.forcePersist.map((one) => compileWhen(one, proxy)!);
    this.ignorePersist = proxy.ignorePersist.map((one) => compileWhen(one, proxy)!);
  }

  private compile(rules: readonly HttpRule[]): CompiledRule[] {
    return rules.map((rule) => {
      const slots = rule.on === 'request' ? this.requestCaptures : this.responseCaptures;
      return compileHttpRule(rule, this.proxy, this.model, slots);
    });
  }
}

type CaptureAction = Extract<CommonAction, { do: 'capture' }>;

function capturesOf(rules: readonly HttpRule[], on: HttpRule['on']): CaptureAction[] {
  return rules.flatMap(({ action, on: when }) => (when === on && action.do === 'capture' ? [action] : []));
}
