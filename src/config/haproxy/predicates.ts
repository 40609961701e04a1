/**
 * The expressions of `.if` and of `-cc` (manual §2.4): numbers, predicates, `!`, `&&`, `||`, parentheses.
 * HAProxy 3.x adds `enabled`, `strstr` and `awaited`-free forms of the same; those that mean something here are known.
 */
import type { Parsed } from '../units.js';

export interface PredicateContext {
  env: { [name: string]: string | undefined };
  /** Version answered for, such as `2.6.12`. */
  version: string;
}

/** What `feature(NAME)` finds, in HAProxy's names: what this program can do, not what HAProxy was built with. */
const FEATURES = [
  'ACCEPT4',
  'EPOLL',
  'GETADDRINFO',
  'LINUX_SPLICE',
  'LINUX_TPROXY',
  'SYSTEMD',
  'TFO',
  'THREAD',
  'TPROXY',
];

/** What `enabled(NAME)` finds (3.x). */
const ENABLED = ['SPLICE', 'GETADDRINFO', 'REUSEPORT', 'FAST-FORWARD'];

type Test = (args: string[], ctx: PredicateContext) => boolean;

const PREDICATES: { [name: string]: { args: number; test: Test } } = {
  defined: { args: 1, test: ([name], ctx) => ctx.env[name] !== undefined },
  feature: { args: 1, test: ([name]) => FEATURES.includes(name) },
  enabled: { args: 1, test: ([name]) => ENABLED.includes(name) },
  streq: { args: 2, test: ([a, b]) => a === b },
  strneq: { args: 2, test: ([a, b]) => a !== b },
  strstr: { args: 2, test: ([whole, part]) => whole.includes(part) },
  version_atleast: { args: 1, test: ([v], ctx) => compareVersions(ctx.version, v) >= 0 },
  version_before: { args: 1, test: ([v], ctx) => compareVersions(ctx.version, v) < 0 },
};

/** Nesting beyond this is refused, so that no text exhausts the stack. */
const MAX_DEPTH = 100;

/** True, false, or why the text is no expression. An empty text is false. */
export function evaluatePredicate(text: string, ctx: PredicateContext): Parsed<boolean> {
  if (text.trim() === '') return { ok: true, value: false };
  const parser = new ExpressionParser(text, ctx);
  return parser.run();
}

/** Recursive descent; `&&` binds tighter than `||`. Both sides are always parsed, so that errors never hide. */
class ExpressionParser {
  private pos = 0;
  private depth = 0;
  private problem?: string;

  constructor(
    private readonly text: string,
    private readonly ctx: PredicateContext,
  ) {}

  run(): Parsed<boolean> {
    const value = this.or();
    this.skipSpaces();
    if (this.problem === undefined && this.pos < this.text.length)
      this.fail(`unexpected '${this.text.slice(this.pos)}'`);
    if (this.problem === undefined) return { ok: true, value };
    return { ok: false, message: `${this.problem} in the condition '${this.text}'`, remedy: CONDITION_REMEDY };
  }

  private or(): boolean {
    let value = this.and();
    while (this.accept('||')) value = this.and() || value;
    return value;
  }

  private and(): boolean {
    let value = this.not();
    while (this.accept('&&')) value = this.not() && value;
    return value;
  }

  private not(): boolean {
    let isNegated = false;
    while (this.accept('!')) isNegated = !isNegated;
    return this.atom() !== isNegated;
  }

  private atom(): boolean {
    if (this.accept('(')) return this.group();
    const [number] = /^-?\d+/.exec(this.text.slice(this.pos)) ?? [];
    if (number !== undefined) {
      this.pos += number.length;
      return Number(number) !== 0;
    }
    return this.predicate();
  }

  private group(): boolean {
    if (++this.depth > MAX_DEPTH) return this.fail('too many parentheses');
    const value = this.or();
    this.depth--;
    return this.accept(')') ? value : this.fail("a ')' is missing");
  }

  private predicate(): boolean {
    const [name] = /^[a-z_]+/.exec(this.text.slice(this.pos)) ?? [''];
    const known = Object.hasOwn(PREDICATES, name) ? PREDICATES[name] : undefined;
    if (!known) return this.fail(name ? `unknown predicate '${name}'` : 'a predicate is missing');
    this.pos += name.length;
    const args = this.text[this.pos] === '(' ? this.args() : [''];
    if (!args) return this.fail("a ')' is missing");
    if (args.length !== known.args)
      return this.fail(`'${name}' takes ${known.args} argument${known.args > 1 ? 's' : ''}, not ${args.length}`);
    return known.test(args, this.ctx);
  }

  /** Arguments between parentheses; quotes protect commas and parentheses. Undefined when the end is missing. */
  private args(): string[] | undefined {
    const args = [''];
    let quote = '';
    for (this.pos++; this.pos < this.text.length; this.pos++) {
      const c = this.text[this.pos];
      if (quote ? c === quote : c === '"' || c === "'") quote = quote ? '' : c;
      else if (quote) args[args.length - 1] += c;
      else if (c === ',') args.push('');
      else if (c === ')') return this.leave(args);
      else args[args.length - 1] += c;
    }
    return undefined;
  }

  private leave(args: string[]): string[] {
    this.pos++;
    return args;
  }

  private accept(token: string): boolean {
    this.skipSpaces();
    if (!this.text.startsWith(token, this.pos)) return false;
    this.pos += token.length;
    this.skipSpaces();
    return true;
  }

  private skipSpaces(): void {
    while (this.text[this.pos] === ' ' || this.text[this.pos] === '\t') this.pos++;
  }

  /** Keeps the first problem and moves to the end, so that parsing stops. */
  private fail(problem: string): false {
    this.problem ??= problem;
    this.pos = this.text.length;
    return false;
  }
}

const CONDITION_REMEDY = `write numbers or ${Object.keys(PREDICATES).join(', ')}, combined with !, && and ||`;

/** Negative, zero or positive: `a` older than, as old as, newer than `b`. Development versions precede their release. */
function compareVersions(a: string, b: string): number {
  const [left, right] = [versionNumbers(a), versionNumbers(b)];
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return left[i] - right[i];
  return 0;
}

/** Major, minor, patch, development number (after all of them for a release), commits since. */
function versionNumbers(text: string): number[] {
  const [, major, minor, patch, dev, commits] =
    /^(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-dev(\d+))?(?:-(\d+))?/.exec(text) ?? [];
  return [
    Number(major ?? 0),
    Number(minor ?? 0),
    Number(patch ?? 0),
    dev === undefined ? 1e6 : Number(dev),
    Number(commits ?? 0),
  ];
}
