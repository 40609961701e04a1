/** What a schema finds wrong, as diagnostics; the faulty parts are taken out of the data, so that the rest is read too. */
import type { z } from 'zod';
import { type Path, type Plain, YamlSource } from './source.js';

type Issue = z.core.$ZodIssue;

/** Bound on the passes: each takes out at least one faulty value, and files are finite, but no loop is unbounded. */
const MAX_PASSES = 1000;

/**
 * Reports everything that does not fit the schema.
 * @returns the data with canonical keys and without the faulty parts; undefined where nothing is left
 */
export function fitToSchema(source: YamlSource, schema: z.ZodType): Plain | undefined {
  const data = structuredClone(source.data);
  const reported = new Set<string>();
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const result = schema.safeParse(data, { reportInput: true });
    if (result.success) return result.data as Plain;
    const issues = result.error.issues.flatMap((issue) => leaves(issue, []));
    for (const issue of issues) report(issue, source, reported);
    if (issues.some((issue) => issue.path.length === 0)) return undefined;
    // The last first: taking out an entry of a list moves those after it.
    for (const issue of [...issues].reverse()) YamlSource.without(data, issue.path);
  }
  return undefined;
}

interface Leaf {
  path: Path;
  message: string;
  code: string;
}

/** Of alternatives, the problems of the one that was meant: the one whose kind of value was written. */
function leaves(issue: Issue, base: Path): Leaf[] {
  const path = [...base, ...issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key))];
  if (issue.code === 'invalid_union') {
    const meant = issue.errors.find((branch) => branch.length > 0 && !branch.some(isOtherKind));
    if (meant) return meant.flatMap((inner) => leaves(inner, path));
  }
  const code = issue.code === 'custom' && issue.params?.code ? String(issue.params.code) : 'bad-value';
  return [{ path, message: issue.message, code }];
}

/** Whether the value is not even of the kind that the schema wants. */
function isOtherKind(issue: Issue): boolean {
  if (issue.path.length > 0) return false;
  if (issue.code === 'invalid_union') return issue.errors.every((branch) => branch.some(isOtherKind));
  if (issue.code === 'invalid_value') return !issue.values.some((value) => typeof value === typeof issue.input);
  return issue.code === 'invalid_type';
}

const EMPTY = 'nothing is written here; write a value, or remove the key';

function report({ path, message, code }: Leaf, source: YamlSource, reported: Set<string>): void {
  // What is missing because the value was taken out has been complained about.
  const id = JSON.stringify(path);
  if (reported.has(id)) return;
  reported.add(id);
  const isUnknown = code === 'unknown-key';
  const isMissing = !isUnknown && !source.has(path);
  const said = isMissing ? `'${path.at(-1)}' is missing; write it here` : message;
  const [what, ...remedy] = (!isUnknown && !isMissing && source.isEmpty(path) ? EMPTY : said).split('; ');
  const loc = code === 'unknown-key' ? source.locateKey(path) : source.locate(path);
  source.diag.error(code, loc, what, remedy.length > 0 ? remedy.join('; ') : undefined);
}
