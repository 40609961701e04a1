/** Goes through the cookies of a message (RFC 6265 §4): all pairs of Cookie lines, the first of each Set-Cookie line. */
import { findKnown } from '../../http1/headers.js';
import { H_COOKIE, H_SET_COOKIE, type HttpMessage } from '../../http1/message.js';
import { codeAt, indexOfCode, makeSpan, type Span, setSpan, standsAt } from '../span.js';

const COMMA = 44;
const SEMICOLON = 59;
const EQUALS = 61;
const QUOTE = 34;

/** The value of the current cookie as a span. */
export class CookieCursor {
  private readonly span = makeSpan();
  private message!: HttpMessage;
  private name = '';
  private row = -1;
  /** Where the next pair of the line begins, and where the line ends. */
  private rest = 1;
  private end = 0;

  /** @param isSet Set-Cookie lines, which have one pair and then attributes */
  constructor(private readonly isSet: boolean) {}

  first(message: HttpMessage, name: string): Span | null {
    [this.message, this.name, this.row] = [message, name, -1];
    [this.rest, this.end] = [1, 0];
    return this.next();
  }

  next(): Span | null {
    for (;;) {
      if (this.rest > this.end && !this.nextLine()) return null;
      if (this.takePair()) return this.span;
    }
  }

  private nextLine(): boolean {
    const { message, span } = this;
    this.row = findKnown(message, this.isSet ? H_SET_COOKIE : H_COOKIE, this.row);
    if (this.row < 0) {
      this.row = message.count;
      return false;
    }
    const { row } = this;
    setSpan(span, message.bytes, message.valueText[row], message.valueFrom[row], message.valueTo[row]);
    [this.rest, this.end] = [span.from, span.to];
    return true;
  }

  /** Reads the pair at `rest`, and moves behind it. @returns whether it has the name */
  private takePair(): boolean {
    const { span, end } = this;
    const from = skipSpaces(span, this.rest, end);
    const to = endOfPair(span, from, end, SEMICOLON, COMMA);
    // Behind the pair of a Set-Cookie line come its attributes; without a name they count as pairs.
    this.rest = 1 + (this.isSet && this.name !== '' ? endOfPair(span, to, end, COMMA, COMMA) : to);
    const equals = indexOfCode(span, EQUALS, from, to);
    if (equals < 0 || !this.hasName(from, trimEnd(span, from, equals))) return false;
    span.from = skipSpaces(span, equals + 1, to);
    span.to = trimEnd(span, span.from, to);
    // An empty cookie of a response is only seen in front of its attributes (observed from HAProxy).
    const endsLine = to === end || codeAt(span, to) === COMMA;
    return !(this.isSet && this.name !== '' && span.from === span.to && endsLine);
  }

  private hasName(from: number, to: number): boolean {
    return this.name === '' || (to - from === this.name.length && standsAt(this.span, from, this.name));
  }
}

/** Position of the first of two characters outside of quotes. */
function endOfPair(span: Span, from: number, end: number, one: number, other: number): number {
  let isQuoted = false;
  for (let at = from; at < end; at++) {
    const code = codeAt(span, at);
    if (code === QUOTE) isQuoted = !isQuoted;
    else if ((code === one || code === other) && !isQuoted) return at;
  }
  return end;
}

function skipSpaces(span: Span, from: number, to: number): number {
  let at = from;
  while (at < to && isBlank(codeAt(span, at))) at++;
  return at;
}

function trimEnd(span: Span, from: number, to: number): number {
  let at = to;
  while (at > from && isBlank(codeAt(span, at - 1))) at--;
  return at;
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}
