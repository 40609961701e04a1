/** Sends what was composed in the worker's one outgoing buffer; what the socket does not take waits in the channel. */
import { EAGAIN, MSG_NOSIGNAL } from '../../linux/constants.js';
import { send } from '../../linux/syscalls.js';
import type { Channel } from '../channel.js';
import type { Session } from '../session.js';
import type { DataplaneWorker } from '../worker-context.js';

/** @returns 0, or -errno when the connection is broken */
export function sendToClient(session: Session, length: number): number {
  return sendOut(session.worker, session.toClient, length);
}

export function sendToServer(session: Session, length: number): number {
  return sendOut(session.worker, session.toServer, length);
}

function sendOut(worker: DataplaneWorker, channel: Channel, length: number): number {
  const { outgoing } = worker;
  let sent = 0;
  if (channel.pending === 0) {
    sent = send(channel.to, outgoing.ptr, length, MSG_NOSIGNAL);
    if (sent === length) return 0;
    if (sent < 0 && sent !== -EAGAIN) return sent;
    if (sent < 0) sent = 0;
    channel.writable = false;
  }
  channel.append(worker, outgoing.bytes, sent, length);
  return 0;
}
