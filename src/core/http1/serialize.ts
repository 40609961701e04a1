/**
 * A head as it leaves: names in lower case, one space behind the colon, no white space around values, as HAProxy
 * writes them. Ranges that nobody touched are copied from the buffer they were read into.
 */
import { COLON, CR, LF, SP, writeText } from './characters.js';
import type { HttpMessage } from './message.js';

/**
 * Writes the head of a message into bytes [at, to) of `out`, which is not the message's own buffer.
 * @param connection value of a Connection header of ours (`close`, `keep-alive`, `upgrade`); '' writes none
 * @returns the position behind the empty line, -1 when it does not fit
 */
export function writeHead(message: HttpMessage, out: Uint8Array, at: number, to: number, connection = ''): number {
  if (headBytesMax(message, connection) > to - at) return -1;
  at = message.isResponse ? writeStatusLine(message, out, at) : writeRequestLine(message, out, at);
  for (let row = 0; row < message.count; ) {
    const next = endOfRun(message, row);
    at = next > row ? writeRun(message, out, at, row, next) : writeRow(message, out, at, row);
    row = next > row ? next : row + 1;
  }
  if (connection !== '') at = endLine(out, writeText(out, writeText(out, at, 'connection: '), connection));
  return endLine(out, at);
}

/** Upper bound of what `writeHead` will write. */
function headBytesMax(message: HttpMessage, connection: string): number {
  let bytes = 64 + connection.length + message.method.length;
  bytes += message.targetText?.length ?? message.targetTo - message.targetFrom;
  bytes += message.reasonText?.length ?? message.reasonTo - message.reasonFrom;
  for (let row = 0; row < message.count; row++) {
    if (message.dead[row] !== 0) continue;
    bytes += 4 + (message.nameText[row]?.length ?? message.nameTo[row] - message.nameFrom[row]);
    bytes += message.valueText[row]?.length ?? message.valueTo[row] - message.valueFrom[row];
  }
  return bytes;
}

function writeRequestLine(message: HttpMessage, out: Uint8Array, at: number): number {
  at = writeText(out, at, message.method);
  out[at++] = SP;
  at = writePart(message, out, at, message.targetText, message.targetFrom, message.targetTo);
  return endLine(out, writeText(out, at, message.minor === 0 ? ' HTTP/1.0' : ' HTTP/1.1'));
}

function writeStatusLine(message: HttpMessage, out: Uint8Array, at: number): number {
  at = writeText(out, at, message.minor === 0 ? 'HTTP/1.0 ' : 'HTTP/1.1 ');
  out[at++] = 0x30 + Math.trunc(message.status / 100);
  out[at++] = 0x30 + (Math.trunc(message.status / 10) % 10);
  out[at++] = 0x30 + (message.status % 10);
  out[at++] = SP;
  return endLine(out, writePart(message, out, at, message.reasonText, message.reasonFrom, message.reasonTo));
}

/** First row behind `row` that does not stand in the buffer as it leaves, right behind the one before it. */
function endOfRun(message: HttpMessage, row: number): number {
  const { bytes, nameFrom, nameTo, valueFrom, valueTo } = message;
  if (bytes === null) return row;
  for (let line = nameFrom[row]; row < message.count; row++) {
    const isAsReceived = message.nameText[row] === null && message.valueText[row] === null && message.dead[row] === 0;
    if (!isAsReceived || nameFrom[row] !== line) break;
    if (valueFrom[row] !== nameTo[row] + 2 || bytes[nameTo[row] + 1] !== SP || bytes[valueTo[row]] !== CR) break;
    line = valueTo[row] + 2;
  }
  return row;
}

/** Rows [row, next) with their line ends, in one piece. */
function writeRun(message: HttpMessage, out: Uint8Array, at: number, row: number, next: number): number {
  return copy(message.bytes!, message.nameFrom[row], message.valueTo[next - 1] + 2, out, at);
}

function writeRow(message: HttpMessage, out: Uint8Array, at: number, row: number): number {
  if (message.dead[row] !== 0) return at;
  at = writePart(message, out, at, message.nameText[row], message.nameFrom[row], message.nameTo[row]);
  out[at++] = COLON;
  out[at++] = SP;
  return endLine(
    out,
    writePart(message, out, at, message.valueText[row], message.valueFrom[row], message.valueTo[row]),
  );
}

/** Text of a rule, or bytes as received. */
function writePart(
  message: HttpMessage,
  out: Uint8Array,
  at: number,
  text: string | null,
  from: number,
  to: number,
): number {
  if (text !== null) return writeText(out, at, text);
  return copy(message.bytes!, from, to, out, at);
}

/** Above it a view and the engine's copy are quicker than a loop. */
const SHORT_COPY = 64;

function copy(bytes: Uint8Array, from: number, to: number, out: Uint8Array, at: number): number {
  if (to - from > SHORT_COPY) out.set(bytes.subarray(from, to), at);
  else for (let i = from; i < to; i++) out[at + i - from] = bytes[i];
  return at + to - from;
}

function endLine(out: Uint8Array, at: number): number {
  out[at++] = CR;
  out[at++] = LF;
  return at;
}
