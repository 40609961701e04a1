/**
 * A piece of text where it stands: characters [from, to) of `text`, or of `bytes` while `text` is null. Tests of the
 * usual kinds look at it there; a string is made only where something has to be built.
 */
import { latin1 } from '../http1/characters.js';

export interface Span {
  bytes: Uint8Array | null;
  text: string | null;
  from: number;
  to: number;
}

export function makeSpan(): Span {
  return { bytes: null, text: null, from: 0, to: 0 };
}

/** Sets a span to all of what stands in bytes [from, to), or of the text that replaces it. */
export function setSpan(span: Span, bytes: Uint8Array | null, text: string | null, from: number, to: number): void {
  span.bytes = bytes;
  span.text = text;
  span.from = text === null ? from : 0;
  span.to = text === null ? to : text.length;
}

export function spanText(span: Span): string {
  return span.text === null ? latin1(span.bytes!, span.from, span.to) : span.text.slice(span.from, span.to);
}

/** The character at a position of `bytes` or `text`, not of the span. */
export function codeAt(span: Span, at: number): number {
  return span.text === null ? span.bytes![at] : span.text.charCodeAt(at);
}

/** @returns position of the character in [from, to), -1 where it is not */
export function indexOfCode(span: Span, code: number, from: number, to: number): number {
  for (let at = from; at < to; at++) if (codeAt(span, at) === code) return at;
  return -1;
}

/** Whether the text stands at a position. The caller has made sure that there is room for it. */
export function standsAt(span: Span, at: number, text: string): boolean {
  if (span.text !== null) return span.text.startsWith(text, at);
  const bytes = span.bytes!;
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** The same without regard to case; the text is in lower case. */
export function standsFolded(span: Span, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = codeAt(span, at + i);
    if ((code >= 65 && code <= 90 ? code + 32 : code) !== text.charCodeAt(i)) return false;
  }
  return true;
}
