/**
 * Format strings in rules (`set-header`, `redirect location`, `lf-string`, `use_backend` …; manual §8.2.6): the same
 * language as in logs, evaluated while the request is there.
 */
import type { Format } from '../../config/http-model.js';
import type { SampleContext } from '../expr/context.js';
import { compileLogFormat } from './log-format.js';

/** A text without variables costs nothing. @returns the text; what cannot be evaluated is '' in it */
export function compileFormat(format: Format): (context: SampleContext) => string {
  if (!format.includes('%')) return () => format;
  const { format: print } = compileLogFormat(format);
  return (context) => print(context.logRecord(), context.logDates);
}

/** What is wrong with a format, or null. */
export function formatProblem(format: Format): string | null {
  return compileLogFormat(format).problems[0]?.message ?? null;
}
