/** What rules of mode http decide by: it must run, and there must be something to look at where it stands. */
import { aclTestProblem } from '../../core/expr/condition.js';
import { expressionProblem } from '../../core/expr/expression.js';
import { formatProblem } from '../../core/log-format/format.js';
import type { Diagnostics, Loc } from '../diagnostics.js';
import { fetchOf } from '../haproxy/acl.js';
import { missingAt, type Stage } from '../haproxy/availability.js';
import type { AclTest, Condition, Expression, Format, HttpAction, HttpRule, Proxy } from '../model.js';

/** How `core/expr` says that it knows nothing of something. */
const RUNS_NOT = 'does not run in this version';

/** Complains of what cannot run or never holds, once for what several proxies inherit. */
export class Judge {
  constructor(
    private readonly proxy: Proxy,
    private readonly diag: Diagnostics,
  ) {}

  condition(what: string, condition: Condition | undefined, loc: Loc | undefined, stage: Stage): void {
    this.never(what, condition, loc, stage);
    for (const { test } of testsOf(condition, this.proxy))
      if (missingAt(fetchOf(test), stage) === undefined) this.problem(what, aclTestProblem(test), loc);
  }

  /** Tests that have nothing to look at where they stand. */
  never(what: string, condition: Condition | undefined, loc: Loc | undefined, stage: Stage): void {
    for (const { name, test } of testsOf(condition, this.proxy)) {
      const missing = missingAt(fetchOf(test), stage);
      if (missing !== undefined) this.warnNever(what, name ?? `'${test.fetch}'`, missing, loc);
    }
  }

  /** ACLs, used or not: what cannot be understood is a slip; what only does not run matters where it is used. */
  declared(): void {
    for (const { name, test, loc } of this.proxy.acls) {
      const problem = aclTestProblem(test);
      if (problem === null) continue;
      if (problem.includes(RUNS_NOT))
        this.diag.warning(
          'not-run',
          loc,
          `ACL '${name}' never matches: ${problem}`,
          'remove it, and the rules with it',
        );
      else this.diag.error('bad-acl', loc, `ACL '${name}': ${problem}`, 'see the sample fetches of the manual, §7.3');
    }
  }

  expression(what: string, expression: Expression | undefined, loc: Loc | undefined): void {
    if (expression) this.problem(what, expressionProblem(expression), loc);
  }

  format(what: string, format: Format | undefined, loc: Loc | undefined): void {
    if (format?.includes('%')) this.problem(what, formatProblem(format), loc);
  }

  private problem(what: string, problem: string | null, loc: Loc | undefined): void {
    if (problem !== null)
      this.diag.error(
        'undecidable-rule',
        loc,
        `${what} cannot run: ${problem}`,
        'write it in another way, or remove it',
      );
  }

  private warnNever(what: string, test: string, missing: string, loc: Loc | undefined): void {
    const message = `in ${what} ${test} never matches: it looks at ${missing}`;
    this.diag.warning('never-matches', loc, message, 'move the rule to where that is there');
  }
}

/** Tests of a condition, with the name of their ACL. */
function testsOf(condition: Condition | undefined, proxy: Proxy): { name?: string; test: AclTest }[] {
  const terms = condition?.anyOf.flat() ?? [];
  return terms.flatMap((term) =>
    term.test
      ? [{ test: term.test }]
      : proxy.acls.filter((acl) => acl.name === term.acl).map((acl) => ({ name: `ACL '${term.acl}'`, test: acl.test })),
  );
}

/** `http-request set-header`, as complaints name a rule. */
export function ruleName({ on, action }: HttpRule): string {
  if (action.do === 'redirect' && action.isLate) return "'redirect'";
  const name = action.do === 'track-sc' ? `track-sc${action.counter}` : action.do;
  return `'http-${on} ${name}'`;
}

export function judgeHttpRule(rule: HttpRule, proxy: Proxy, judge: Judge): void {
  const name = ruleName(rule);
  const request: Stage = proxy.kind === 'frontend' ? 'request' : 'backend-request';
  judge.condition(name, rule.condition, rule.loc, rule.on === 'request' ? request : 'response');
  judgeAction(name, rule.action, rule.loc, judge);
}

/** Expressions and formats of an action, whatever it is. */
export function judgeAction(name: string, action: HttpAction, loc: Loc | undefined, judge: Judge): void {
  if ('expression' in action) judge.expression(name, action.expression, loc);
  if (action.do === 'track-sc') judge.expression(name, action.key, loc);
  if ('key' in action && typeof action.key === 'string') judge.format(name, action.key, loc);
  if ('value' in action && typeof action.value === 'string') judge.format(name, action.value, loc);
  if (action.do === 'redirect' && !action.isLate) judge.format(name, action.redirect.value, loc);
  if ('reply' in action) {
    for (const { value } of action.reply.headers ?? []) judge.format(name, value, loc);
    if (action.reply.body?.kind === 'format') judge.format(name, action.reply.body.value, loc);
  }
}
