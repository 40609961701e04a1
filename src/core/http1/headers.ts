/**
 * Headers of a message by name and by value, and edits of them. Names are given in lower case. Looking allocates
 * nothing; `headerValue` makes a string. `fhdr` looks at whole lines (rows), `hdr` at the values between commas
 * (`HeaderValues`).
 */
import { latin1 } from './characters.js';
import { knownText } from './fields.js';
import { type HttpMessage, MAX_ROWS } from './message.js';

/** @returns the next row behind `after` with this name, -1 when there is none */
export function findHeader(message: HttpMessage, name: string, after = -1): number {
  for (let row = after + 1; row < message.count; row++) if (hasName(message, row, name)) return row;
  return -1;
}

/** @returns the next row behind `after`, whatever its name; -1 when there is none */
export function nextRow(message: HttpMessage, after: number): number {
  for (let row = after + 1; row < message.count; row++) if (message.dead[row] === 0) return row;
  return -1;
}

/** The same by H_*, which costs one comparison a row. */
export function findKnown(message: HttpMessage, known: number, after = -1): number {
  for (let row = after + 1; row < message.count; row++)
    if (message.known[row] === known && message.dead[row] === 0) return row;
  return -1;
}

/** Whether a living row has this name. */
function hasName(message: HttpMessage, row: number, name: string): boolean {
  if (message.dead[row] !== 0) return false;
  const text = message.nameText[row];
  if (text !== null) return text === name;
  const from = message.nameFrom[row];
  if (message.nameTo[row] - from !== name.length) return false;
  const bytes = message.bytes!;
  for (let i = 0; i < name.length; i++) if (bytes[from + i] !== name.charCodeAt(i)) return false;
  return true;
}

export function headerName(message: HttpMessage, row: number): string {
  return message.nameText[row] ?? latin1(message.bytes!, message.nameFrom[row], message.nameTo[row]);
}

/** Value of a row without white space around it. */
export function headerValue(message: HttpMessage, row: number): string {
  return message.valueText[row] ?? latin1(message.bytes!, message.valueFrom[row], message.valueTo[row]);
}

/** Request target as it stands now. */
export function targetOf(message: HttpMessage): string {
  if (message.targetText !== null || message.bytes === null) return message.targetText ?? '';
  return latin1(message.bytes, message.targetFrom, message.targetTo);
}

/** Reason phrase as it stands now. */
export function reasonOf(message: HttpMessage): string {
  if (message.reasonText !== null || message.bytes === null) return message.reasonText ?? '';
  return latin1(message.bytes, message.reasonFrom, message.reasonTo);
}

/** Adds a row at the end. @returns false when the message is full: nothing was added */
export function addHeader(message: HttpMessage, name: string, value: string): boolean {
  if (message.count === MAX_ROWS) compact(message);
  if (message.count === MAX_ROWS) return false;
  const row = message.count++;
  message.known[row] = knownText(name);
  message.dead[row] = 0;
  message.nameText[row] = name;
  message.valueText[row] = value;
  return true;
}

/** Removes all rows of the name and adds one at the end. @returns as `addHeader` */
export function setHeader(message: HttpMessage, name: string, value: string): boolean {
  removeHeader(message, name);
  return addHeader(message, name, value);
}

/** @returns how many rows went */
export function removeHeader(message: HttpMessage, name: string): number {
  let count = 0;
  for (let row = findHeader(message, name); row >= 0; row = findHeader(message, name, row)) {
    message.dead[row] = 1;
    count++;
  }
  return count;
}

export function removeRow(message: HttpMessage, row: number): void {
  message.dead[row] = 1;
}

export function replaceValue(message: HttpMessage, row: number, value: string): void {
  message.valueText[row] = value;
}

/** Dead rows make room. Only when a message is full. */
function compact(message: HttpMessage): void {
  let kept = 0;
  for (let row = 0; row < message.count; row++) {
    if (message.dead[row] !== 0) continue;
    message.nameFrom[kept] = message.nameFrom[row];
    message.nameTo[kept] = message.nameTo[row];
    message.valueFrom[kept] = message.valueFrom[row];
    message.valueTo[kept] = message.valueTo[row];
    message.known[kept] = message.known[row];
    message.dead[kept] = 0;
    message.nameText[kept] = message.nameText[row];
    message.valueText[kept] = message.valueText[row];
    kept++;
  }
  for (let row = kept; row < message.count; row++) {
    message.nameText[row] = message.valueText[row] = null;
    message.dead[row] = 0;
  }
  message.count = kept;
}
