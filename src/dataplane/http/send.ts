/** Sends what was composed in the worker's one outgoing buffer; what the socket does not take waits in the channel. */
import assert from 'node:assert/strict';
import { EAGAIN, MSG_NOSIGNAL } from '../../linux/constants.js';
import { NativeBuffer } from '../../linux/memory.js';
import { send } from '../../linux/syscalls.js';
import type { Channel } from '../channel.js';
import type { Session } from '../session.js';
import type { DataplaneWorker } from '../worker-context.js';

/** About where a loop and a typed array's `set` cost the same. */
const SHORT = 96;

/** @returns 0, or -errno when the connection is broken */
export function sendToClient(session: Session, length: number): number {
  return sendOut(session.worker, session.toClient, length);
}

export function sendToServer(session: Session, length: number): number {
  return sendOut(session.worker, session.toServer, length);
}

function sendOut(worker: DataplaneWorker, channel: Channel, length: number): number {
  const { outgoing } = worker;
  // send(2) takes a negative length for a huge one, and what lies behind the buffer is other clients' memory.
  assert(length >= 0 && length <= outgoing.size);
  let sent = 0;
  if (channel.pending === 0) {
    sent = send(channel.to, outgoing.ptr, length, MSG_NOSIGNAL);
    if (sent === length) return 0;
    if (sent < 0 && sent !== -EAGAIN) return sent;
    if (sent < 0) sent = 0;
    channel.writable = false;
  }
  keep(worker, channel, sent, length);
  return 0;
}

/** A buffer of its own leaves for the client, behind what waits already (an interim response). */
export function queueForClient({ worker, toClient }: Session, buffer: NativeBuffer, length: number): void {
  const before = toClient.takeKept(worker);
  if (before.length === 0) {
    toClient.adopt(buffer, length);
    return;
  }
  const whole = new NativeBuffer(before.length + length);
  whole.bytes.set(before);
  whole.bytes.set(buffer.bytes.subarray(0, length), before.length);
  toClient.adopt(whole, before.length + length);
}

/** What the receiver does not take waits in a pooled buffer, or where that is too small in one of its own. */
function keep(worker: DataplaneWorker, channel: Channel, from: number, to: number): void {
  const { outgoing } = worker;
  if (channel.append(worker, outgoing.bytes, from, to)) return;
  const before = channel.takeKept(worker);
  const whole = new NativeBuffer(before.length + to - from);
  whole.bytes.set(before);
  whole.bytes.set(outgoing.bytes.subarray(from, to), before.length);
  channel.adopt(whole, before.length + to - from);
}

/** Short pieces are copied byte by byte: a call into the engine costs more. */
export function copyBytes(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void {
  if (end - start > SHORT) to.set(from.subarray(start, end), at);
  else for (let i = start; i < end; i++) to[at++] = from[i];
}
