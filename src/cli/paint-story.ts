/** Colours for stories and events, on a terminal only (and not with NO_COLOR, https://no-color.org). */
import { type Paint, PLAIN } from '../core/events/story.js';

const CODES = { title: '1', good: '32', bad: '31', calm: '36', quiet: '2' } as const;

/** @param stream where it will be printed */
export function painter(stream: NodeJS.WriteStream = process.stdout): Paint {
  if (stream.isTTY !== true || process.env.NO_COLOR) return PLAIN;
  return (as, text) => `\x1b[${CODES[as]}m${text}\x1b[0m`;
}
