/**
 * Format strings in rules (`set-header`, `redirect location`, `lf-string`, `use_backend` …; manual §8.2.6): the same
 * language as in logs, evaluated while the request is there.
 */
import type { Format } from '../../config/http-model.js';
import { bytesOf } from '../expr/bytes-of.js';
import type { SampleContext } from '../expr/context.js';
import { compileLogFormat } from './log-format.js';
import { NO_RECORD } from './record.js';

/**
 * A text without variables costs nothing, and one without aliases no look at the session.
 * @returns the text; what cannot be evaluated is '' in it
 */
export function compileFormat(format: Format): (context: SampleContext) => string {
  if (!format.includes('%')) return always(bytesOf(format));
  const { format: print, readsRecord } = compileLogFormat(format, { mode: 'http', isRule: true });
  return (context) => print(readsRecord ? context.logRecord() : NO_RECORD, context.logDates, context);
}

function always(text: string): () => string {
  return () => text;
}

/** `unique-id-format`: spaces merge as in logs, and nothing is left out. */
export function compileLogText(format: Format): (context: SampleContext) => string {
  const { format: print } = compileLogFormat(format, { mode: 'http' });
  return (context) => print(context.logRecord(), context.logDates, context);
}

/** What is wrong with a format of a rule, or null. */
export function formatProblem(format: Format): string | null {
  return compileLogFormat(format, { mode: 'http', isRule: true }).problems[0]?.message ?? null;
}
