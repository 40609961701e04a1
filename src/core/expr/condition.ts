/**
 * Compiles conditions (`if a !b or c`) and the tests they name (manual §7) to functions over a SampleContext. All
 * parsing happens once, at load; evaluating a condition on addresses, ports, figures and text of a message allocates
 * nothing.
 *
 * A verdict has three values, because contents of which more may come can leave a test undecided (manual, `tcp-request
 * inspect-delay`): `and` is the least of its terms, `or` the greatest, and the contrary of undecided is undecided.
 */
import type { Acl, AclTest, Condition } from '../../config/model.js';
import { compileTest } from './acl-test.js';
import type { SampleContext } from './context.js';
import { CONTENTS } from './fetches/contents.js';
import { aclFetch, fetchNamed } from './fetches.js';
import { FAILS, HOLDS, UNDECIDED, type Verdict } from './verdict.js';

export { FAILS, HOLDS, UNDECIDED };

export type Predicate = (context: SampleContext) => Verdict;

function plainTest(fetch: string, patterns: string[] = [], args: string[] = []): AclTest {
  return { fetch, args, converters: [], flags: [], patterns };
}

/** ACLs that exist without being written (manual §7.4). */
const PREDEFINED: { readonly [name: string]: AclTest } = {
  TRUE: plainTest('always_true'),
  FALSE: plainTest('always_false'),
  LOCALHOST: plainTest('src', ['127.0.0.0/8', '::1']),
  WAIT_END: plainTest('wait_end'),
  REQ_CONTENT: plainTest('req.len', ['gt', '0']),
  HTTP: plainTest('req.proto_http'),
  'HTTP_1.0': plainTest('req.ver', ['1.0']),
  'HTTP_1.1': plainTest('req.ver', ['1.1']),
  'HTTP_2.0': plainTest('req.ver', ['2.0']),
  HTTP_CONTENT: plainTest('req.hdr_val', ['gt', '0'], ['content-length']),
  HTTP_URL_ABS: plainTest('url_reg', ['^[^/:]*://']),
  HTTP_URL_SLASH: plainTest('url_beg', ['/']),
  HTTP_URL_STAR: plainTest('url', ['*']),
  ...Object.fromEntries(
    ['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'TRACE'].map((method) => [
      `METH_${method}`,
      plainTest('method', method === 'GET' ? ['GET', 'HEAD'] : [method]),
    ]),
  ),
};

/** @returns what is wrong with a test, or null; readers turn it into a located diagnostic */
export function aclTestProblem(test: AclTest): string | null {
  const compiled = compileTest(test);
  return typeof compiled === 'string' ? compiled : null;
}

/** @returns true where a test looks at what the client sends, which is not there when a connection is accepted */
export function readsContents(test: AclTest): boolean {
  return fetchNamed(aclFetch(test.fetch).fetch)?.contents === true;
}

/** @returns true where a test looks into an HTTP request: in mode tcp there is one only while contents are waited for */
export function readsRequest(test: AclTest): boolean {
  return readsContents(test) && !Object.hasOwn(CONTENTS, test.fetch);
}

/** @param condition checked before: every name exists and every test is sound */
export function compileCondition(condition: Condition, acls: readonly Acl[]): Predicate {
  const alternatives = condition.anyOf.map((terms) => terms.map((term) => compileTerm(term, acls)));
  const all = alternatives.length === 1 ? conjunction(alternatives[0]) : disjunction(alternatives.map(conjunction));
  return condition.when === 'unless' ? (context) => contrary(all(context)) : all;
}

function disjunction(predicates: readonly Predicate[]): Predicate {
  return (context) => {
    let verdict: Verdict = FAILS;
    for (let i = 0; i < predicates.length; i++) {
      const one = predicates[i](context);
      if (one > verdict) verdict = one;
      if (verdict === HOLDS) break;
    }
    return verdict;
  };
}

function conjunction(terms: readonly Predicate[]): Predicate {
  if (terms.length === 1) return terms[0];
  return (context) => {
    let verdict: Verdict = HOLDS;
    for (let i = 0; i < terms.length; i++) {
      const one = terms[i](context);
      if (one < verdict) verdict = one;
      if (verdict === FAILS) break;
    }
    return verdict;
  };
}

function contrary(verdict: Verdict): Verdict {
  return (HOLDS - verdict) as Verdict;
}

function compileTerm(term: Condition['anyOf'][number][number], acls: readonly Acl[]): Predicate {
  const tests = term.test ? [term.test] : testsNamed(term.acl ?? '', acls);
  const predicates = tests.map((test) => soundTest(test));
  const any = predicates.length === 1 ? predicates[0] : disjunction(predicates);
  return term.negate ? (context) => contrary(any(context)) : any;
}

function testsNamed(name: string, acls: readonly Acl[]): AclTest[] {
  const own = acls.filter((acl) => acl.name === name).map((acl) => acl.test);
  return own.length > 0 || !Object.hasOwn(PREDEFINED, name) ? own : [PREDEFINED[name]];
}

/** What cannot be evaluated never holds. Rules that decide over a connection are refused before they come here with one. */
function soundTest(test: AclTest): Predicate {
  const compiled = compileTest(test);
  return typeof compiled === 'string' ? () => FAILS : compiled;
}
