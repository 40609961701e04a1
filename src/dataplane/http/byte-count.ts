/**
 * What a message counts for in statistics and logs (`bin`, `bout`, %B, %U). HAProxy counts the parts of a head without
 * their punctuation and some bookkeeping, and bodies without their framing (observed from 2.6); scripts that bill or
 * compare traffic find the same numbers here.
 */
import type { ChunkScanner } from '../../core/http1/chunked.js';
import type { HttpMessage } from '../../core/http1/message.js';
import * as T from '../../core/table.js';
import type { Session } from '../session.js';

const START_LINE = 20;
const END_OF_HEAD = 1;

/** Bytes that a head counts for, as it was received. */
export function countMessage(message: HttpMessage): number {
  let bytes = START_LINE + END_OF_HEAD;
  if (message.isResponse) bytes += 8 + 3 + message.reasonTo - message.reasonFrom;
  else bytes += 8 + message.method.length + message.targetTo - message.targetFrom;
  for (let row = 0; row < message.count; row++) {
    if (message.dead[row] !== 0) continue;
    bytes += message.nameText[row]?.length ?? message.nameTo[row] - message.nameFrom[row];
    bytes += message.valueText[row]?.length ?? message.valueTo[row] - message.valueFrom[row];
  }
  return bytes;
}

/** Bytes that a chunked body counts for so far: its data, and one for its end. */
export function chunkedBytes(scanner: ChunkScanner): number {
  return scanner.dataBytes + (scanner.isDone ? 1 + scanner.trailerBytes : 0);
}

/** The counter of a status: 1xx … 5xx, other. */
export function statusCell(status: number): number {
  return T.C_HRSP_1XX + (status >= 100 && status < 600 ? Math.trunc(status / 100) - 1 : 5);
}

/** One more request of a frontend; also one that is none. */
export function countRequest({ frontend, worker, listenerCells }: Session): void {
  worker.process.count(T.C_HTTP_REQUESTS);
  frontend.cells.count(T.C_HTTP_REQUESTS);
  listenerCells.count(T.C_HTTP_REQUESTS);
  frontend.cells.rate(T.C_REQ_RATE_SECOND, T.F_REQ_RATE_MAX, worker.epochSecond);
}
