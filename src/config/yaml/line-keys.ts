/**
 * Keys whose values are lines of the HAProxy language, without the words they begin with: rules, and what mode http has
 * of single settings. They are read by the HAProxy reader, so that they mean the same in both languages.
 */
import { z } from 'zod';
import type { Proxy } from '../model.js';
import { choice, count, either, flag, nameOf, text, type Written } from './codec.js';
import type { Sides } from './fields.js';

export interface LineKey {
  readonly key: string;
  readonly sides: Sides;
  readonly schema: z.ZodType;
  /** One word as it is, or words to be cut. */
  readonly isWord: boolean;
  /** What proxies have alike may stand in `defaults`: lists of defaults come in front of one's own. */
  readonly isShared: boolean;
  /** Words in front, by the words of the value. */
  head(words: readonly string[]): readonly string[];
  /** Undefined where nothing is set. */
  write(proxy: Proxy): Written | undefined;
}

type Write = (proxy: Proxy) => Written | undefined;

/** A list of lines. */
export function lines(
  key: string,
  sides: Sides,
  head: string[] | LineKey['head'],
  example: string,
  doc: string,
  write: (proxy: Proxy) => string[],
): LineKey {
  const error = (issue: { input?: unknown }) =>
    `lines are a list, not ${nameOf(issue.input)}; write '- ${example}' below`;
  return {
    key,
    sides,
    isWord: false,
    isShared: false,
    schema: z.array(z.string({ error: `a line is needed; write such as '${example}'` }), { error }).describe(doc),
    head: typeof head === 'function' ? head : () => head,
    write: (proxy) => {
      const written = write(proxy);
      return written.length === 0 ? undefined : written;
    },
  };
}

/** One line, or true for none of its words. */
export function line(key: string, sides: Sides, head: string[], example: string, doc: string, write: Write): LineKey {
  const schema = either(`a line is needed; write such as '${example}'`, z.string(), z.literal(true)).describe(doc);
  return { key, sides, isWord: false, isShared: true, schema, head: () => head, write };
}

/** One word, whatever is in it. */
export function word(
  key: string,
  sides: Sides,
  head: string[],
  doc: string,
  write: Write,
  schema = text.schema,
): LineKey {
  return { key, sides, isWord: true, isShared: true, schema: schema.describe(doc), head: () => head, write };
}

/** Several of them. */
export function wordList(
  key: string,
  sides: Sides,
  head: string[],
  doc: string,
  write: (proxy: Proxy) => string[],
): LineKey {
  return {
    ...word(key, sides, head, doc, () => undefined),
    schema: z
      .array(text.schema, { error: (issue) => `a list is needed, not ${nameOf(issue.input)}; write [ … ]` })
      .describe(doc),
    write: (proxy) => {
      const written = write(proxy);
      return written.length === 0 ? undefined : written;
    },
  };
}

export function wordOf(
  key: string,
  sides: Sides,
  head: string[],
  words: readonly string[],
  doc: string,
  write: Write,
): LineKey {
  return word(key, sides, head, doc, write, choice(...words).schema);
}

export function number(key: string, sides: Sides, head: string[], min: number, doc: string, write: Write): LineKey {
  return word(key, sides, head, doc, write, count(min).schema);
}

/** `option NAME`, and `no option NAME` for false. */
export function option(key: string, sides: Sides, doc: string, write: (proxy: Proxy) => boolean | undefined): LineKey {
  return {
    key,
    sides,
    isWord: true,
    isShared: true,
    schema: flag.schema.describe(doc),
    head: () => ['option', key],
    write,
  };
}

/** A word that is there or not. */
export function mark(key: string, sides: Sides, head: string[], doc: string, write: Write): LineKey {
  return { key, sides, isWord: true, isShared: true, schema: flag.schema.describe(doc), head: () => head, write };
}
