/** How text from the network is written where it must not end a line or pass for something else (manual §8.6). */

/** Of request lines: what cannot be printed, quotes and hashes become `#XX`. */
export function encodeLine(text: string): string {
  return UNSAFE_IN_LINE.test(text) ? text.replace(UNSAFE_IN_LINES, hash) : text;
}

/** Of captured headers: braces and bars as well, which delimit them. */
export function encodeCapture(text: string): string {
  return UNSAFE_IN_CAPTURE.test(text) ? text.replace(UNSAFE_IN_CAPTURES, hash) : text;
}

/** Of samples in headers and redirects: control characters but tabs become `%XX` (observed from HAProxy). */
export function encodeControls(text: string): string {
  return CONTROL.test(text) ? text.replace(CONTROLS, percent) : text;
}

/** For the values of RFC 5424: a backslash in front of `"`, `\` and `]`. */
export function escapeParameter(text: string): string {
  return text.replace(/["\\\]]/g, '\\$&');
}

/** In logs a sample ends at a NUL byte, as it does in HAProxy. */
export function untilNul(text: string): string {
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

const UNSAFE_IN_LINES = /[^ !$-~]/g;
const UNSAFE_IN_LINE = /[^ !$-~]/;
const UNSAFE_IN_CAPTURES = /[^ !$-z~]/g;
const UNSAFE_IN_CAPTURE = /[^ !$-z~]/;
const CONTROLS = /[\x00-\x08\x0a-\x1f\x7f]/g;
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;

function hash(c: string): string {
  return `#${code(c)}`;
}

function percent(c: string): string {
  return `%${code(c)}`;
}

function code(c: string): string {
  return c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0');
}
