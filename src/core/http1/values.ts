/**
 * The values of a list header (`hdr`): its lines split at the commas outside of quoted strings, white space around
 * them taken off (manual §7.3.6). One cursor is made once and used for every message.
 *
 *   const values = new HeaderValues();
 *   for (let more = values.first(message, 'x-forwarded-for'); more; more = values.next()) … values.string()
 */
import { COMMA, isSpace, latin1 } from './characters.js';
import { findHeader, nextRow } from './headers.js';
import type { HttpMessage } from './message.js';

const QUOTE = 34;
const BACKSLASH = 92;

export class HeaderValues {
  /** Row of the current value, -1 = none. */
  row = -1;
  /** Current value: characters [from, to) of `text`, or of `bytes` while `text` is null. */
  from = 0;
  to = 0;
  text: string | null = null;
  bytes: Uint8Array | null = null;
  private message: HttpMessage | null = null;
  private name = '';
  private end = 0;
  private rest = 0;

  /** Goes to the first value; without a name to those of all headers. @returns false when there is none */
  first(message: HttpMessage, name: string): boolean {
    this.message = message;
    this.name = name;
    this.row = -1;
    this.end = this.rest = 0;
    return this.next();
  }

  /** Goes to the next value, of the same line or of the next one. A line without a value counts as one empty value. */
  next(): boolean {
    if ((this.row < 0 || this.rest > this.end) && !this.nextRow()) return false;
    this.split();
    return true;
  }

  /** The n-th value from the first (1, 2, …) or from the last (-1, -2, …). @returns false when there is none */
  nth(message: HttpMessage, name: string, n: number): boolean {
    if (n < 0) n += this.count(message, name) + 1;
    if (n <= 0) return false;
    let more = this.first(message, name);
    while (more && --n > 0) more = this.next();
    return more;
  }

  count(message: HttpMessage, name: string): number {
    let count = 0;
    for (let more = this.first(message, name); more; more = this.next()) count++;
    return count;
  }

  /** The current value. */
  string(): string {
    return this.text !== null ? this.text.slice(this.from, this.to) : latin1(this.bytes!, this.from, this.to);
  }

  /** Byte `i` of the current value. */
  at(i: number): number {
    return this.byte(this.from + i);
  }

  private byte(at: number): number {
    return this.text !== null ? this.text.charCodeAt(at) : this.bytes![at];
  }

  private nextRow(): boolean {
    const message = this.message!;
    this.row = this.name === '' ? nextRow(message, this.row) : findHeader(message, this.name, this.row);
    if (this.row < 0) {
      this.row = message.count; // stays at the end
      this.rest = 1;
      this.end = 0;
      return false;
    }
    this.text = message.valueText[this.row];
    this.bytes = message.bytes;
    this.rest = this.text !== null ? 0 : message.valueFrom[this.row];
    this.end = this.text !== null ? this.text.length : message.valueTo[this.row];
    return true;
  }

  /** From `rest` to the next comma; `rest` moves behind it, or behind `end` after the last value. */
  private split(): void {
    let at = this.rest;
    let isQuoted = false;
    for (; at < this.end; at++) {
      const byte = this.byte(at);
      if (byte === QUOTE) isQuoted = !isQuoted;
      else if (isQuoted && byte === BACKSLASH) at++;
      else if (byte === COMMA && !isQuoted) break;
    }
    if (at > this.end) at = this.end; // a backslash as last character
    this.from = this.rest;
    this.to = at;
    this.rest = at + 1;
    while (this.from < this.to && isSpace(this.byte(this.from))) this.from++;
    while (this.to > this.from && isSpace(this.byte(this.to - 1))) this.to--;
  }
}
