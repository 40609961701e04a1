/**
 * Rules, and the `haproxy:` block: what is a sentence in the HAProxy language stays one here. Everything becomes located
 * HAProxy lines for the HAProxy reader, so that a condition means the same in both languages.
 */
import { z } from 'zod';
import type { Loc } from '../diagnostics.js';
import { splitWords, type Word } from '../haproxy/words.js';
import { choice, either, nameOf, type Place, strict, text } from './codec.js';
import { isObject, type Plain } from './source.js';

/** Words of lines for the HAProxy reader. */
export type Lines = Word[][];

type Keys = { [key: string]: Plain };

const CONDITION = {
  if: text.schema
    .optional()
    .describe("Condition: ACL names, or tests such as '{ src 10.0.0.0/8 }'; ! negates, 'or' separates."),
  unless: text.schema.optional().describe('The same, negated as a whole.'),
};

const aclTests = either("a test is needed; write such as 'src 10.0.0.0/8'", z.string(), z.array(z.string()));

/** Schemas of the rule keys of a proxy. */
export const RULE_SHAPES = {
  acls: either(
    "ACLs have names; write such as 'acls: { internal: src 10.0.0.0/8 }'",
    z.record(z.string(), aclTests),
    z.array(z.string()),
  ).describe("Tests by name, in HAProxy's words; several tests of a name are alternatives."),
  'tcp-request': ruleList('tcp-request', "'connection reject if { src 10.0.0.9 }'", {
    phase: choice('connection', 'session', 'content').schema.describe('When the rule is looked at.'),
    action: choice('accept', 'reject', 'silent-drop', 'expect-proxy').schema.describe('What it does.'),
  }).describe('Rules on connections, in order.'),
  'use-backend': ruleList('use-backend', "'NAME if { src 10.0.0.0/8 }'", {
    backend: text.schema.describe('Name of the backend.'),
  }).describe('Backends by condition; the first that holds is taken.'),
  'use-server': ruleList('use-server', "'NAME if { src 10.0.0.0/8 }'", {
    server: text.schema.describe('Name of the server.'),
  }).describe('Servers by condition; the first that holds is taken.'),
};

export const haproxySchema = either('lines of text are needed', z.string(), z.array(z.string())).describe(
  'Lines of the HAProxy language, word for word, for what has no key of its own yet.',
);

function ruleList(what: string, example: string, shape: z.ZodRawShape): z.ZodType {
  const rule = either(
    `a rule is needed; write such as ${example}`,
    z.string(),
    strict(`a ${what} rule`, { ...shape, ...CONDITION }),
  );
  return z.array(rule, {
    error: (issue) => `rules are a list, not ${nameOf(issue.input)}; write '- ${example.slice(1, -1)}' below`,
  });
}

/** ACLs first, then the rules that name them, in the order HAProxy files have them. */
export function ruleLines(data: Keys, place: Place): Lines {
  return [
    ...aclLines(data.acls, place.child('acls')),
    ...rules(data, 'tcp-request', place, ({ phase, action }) => [
      phase,
      action,
      ...(action === 'expect-proxy' ? ['layer4'] : []),
    ]),
    ...rules(data, 'use-backend', place, ({ backend }) => [backend]),
    ...rules(data, 'use-server', place, ({ server }) => [server]),
  ];
}

/** HAProxy's name of a rule key. */
const KEYWORDS: { readonly [key: string]: string } = { 'use-backend': 'use_backend' };

function aclLines(data: Plain | undefined, place: Place): Lines {
  if (Array.isArray(data)) return data.flatMap((line, i) => words(['acl'], String(line), place.child(i)));
  return place.entries(data ?? null).flatMap(([name, tests, at]) =>
    (Array.isArray(tests) ? tests : [tests]).flatMap((test, i) =>
      words(
        [
          { text: 'acl', loc: at.keyLoc },
          { text: name, loc: at.keyLoc },
        ],
        String(test),
        Array.isArray(tests) ? at.child(i) : at,
      ),
    ),
  );
}

function rules(data: Keys, key: string, place: Place, head: (rule: Keys) => Plain[]): Lines {
  const entries = data[key];
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry, i) => {
    const at = place.child(key).child(i);
    const keyword = KEYWORDS[key] ?? key;
    if (!isObject(entry)) return words([keyword], String(entry), at);
    return ruleWords([keyword, ...head(entry).map(String)], entry, at);
  });
}

function ruleWords(head: string[], rule: Keys, place: Place): Lines {
  const [first, second] = ['if', 'unless'].filter((key) => rule[key] !== undefined);
  if (second)
    place.error('extra-key', "a rule has both 'if' and 'unless'", "write one, with '!' for what is not to hold");
  if (!first) return [head.map((word) => ({ text: word, loc: place.loc }))];
  return words([...head, first], String(rule[first]), place.child(first));
}

/** A line: words that are known, and those of a text at its place. */
function words(head: (string | Word)[], tail: string, place: Place): Lines {
  const known = head.map((word) => (typeof word === 'string' ? { text: word, loc: place.loc } : word));
  const found = split(tail, place.loc, place, () => undefined);
  return found ? [[...known, ...found]] : [];
}

/** The lines of a `haproxy:` block. */
export function verbatimLines(
  data: Plain | undefined,
  place: Place,
  lookup: (name: string) => string | undefined,
): Lines {
  if (data === undefined) return [];
  const texts = Array.isArray(data)
    ? data.map((line, i) => [String(line), place.child(i)] as const)
    : [[String(data), place] as const];
  return texts
    .flatMap(([written, at]) =>
      at.source.rows(at.path, written).map((row) => split(row.text, row.at, at, lookup) ?? []),
    )
    .filter((line) => line.length > 0);
}

/** A text as words at its place; undefined after a complaint. */
export function split(
  written: string,
  at: Loc,
  { source }: Place,
  lookup: (name: string) => string | undefined,
): Word[] | undefined {
  const found = splitWords(written, at, lookup);
  if (Array.isArray(found)) return found;
  source.diag.error(found.code, found.loc, found.message, found.remedy);
  return undefined;
}
