/** `replace-*`: a regular expression and a format with back-references (manual, `http-request replace-header`). */
import assert from 'node:assert/strict';
import { bytesOf } from '../../../core/expr/bytes-of.js';
import type { SampleContext } from '../../../core/expr/context.js';
import { compileRegex } from '../../../core/expr/regex.js';
import { compileFormat } from '../../../core/log-format/format.js';

/** @returns what stands in place of the text, null where the expression does not match */
type Replace = (text: string, context: SampleContext) => string | null;

/** A match anywhere replaces the whole text by what the format says of it. */
export function compileReplacement(regex: string, format: string): Replace {
  const expression = regexOf(regex);
  const print = compileFormat(format);
  return (text, context) => {
    const groups = expression.exec(text);
    return groups === null ? null : expand(print(context), groups);
  };
}

/** As in conditions: of bytes, and with what PCRE writes in another way. */
export function regexOf(text: string): RegExp {
  const expression = compileRegex(bytesOf(text), false);
  assert(typeof expression !== 'string', expression as string); // known since the configuration was read
  return expression;
}

/** `\0` to `\9`, `\xHH`, and a backslash before anything else is dropped. */
function expand(format: string, groups: RegExpExecArray): string {
  if (!format.includes('\\')) return format;
  return format.replace(/\\(?:(\d)|x([0-9A-Fa-f]{2})|([\s\S]?))/g, (_, digit, hex, other) => {
    if (digit !== undefined) return groups[Number(digit)] ?? '';
    return hex === undefined ? (other ?? '') : String.fromCharCode(Number.parseInt(hex, 16));
  });
}
