/** Descriptors from one process to another over a unix socket: SCM_RIGHTS (unix(7), cmsg(3), 64-bit layouts). */
import { EAGAIN, EINTR, F_GETFL, F_SETFL, O_NONBLOCK, SOL_SOCKET } from './constants.js';
import { NativeBuffer } from './memory.js';
import { fcntl, recvmsg, sendmsg } from './syscalls.js';

const SCM_RIGHTS = 1;
const MSG_CMSG_CLOEXEC = 0x40000000;
const HEADER_BYTES = 16; // struct cmsghdr: size_t length, int level, int type
/** The kernel takes at most 253 descriptors per message (SCM_MAX_FD). */
export const FDS_PER_MESSAGE = 253;
const PAYLOAD_BYTES = 1 << 16;

/** One struct msghdr with room for payload and control data. */
class Message {
  readonly header = new NativeBuffer(56);
  readonly iov = new NativeBuffer(16);
  readonly payload = new NativeBuffer(PAYLOAD_BYTES);
  readonly control = new NativeBuffer(HEADER_BYTES + FDS_PER_MESSAGE * 4 + 8);

  /** @param controlLength 0 = none */
  prepare(payloadLength: number, controlLength: number): number {
    this.iov.view.setBigUint64(0, BigInt(this.payload.ptr), true);
    this.iov.view.setBigUint64(8, BigInt(payloadLength), true);
    const h = this.header.view;
    this.header.bytes.fill(0, 0, 56);
    h.setBigUint64(16, BigInt(this.iov.ptr), true);
    h.setBigUint64(24, 1n, true);
    h.setBigUint64(32, controlLength ? BigInt(this.control.ptr) : 0n, true);
    h.setBigUint64(40, BigInt(controlLength), true);
    return this.header.ptr;
  }

  putFds(fds: readonly number[]): number {
    const length = HEADER_BYTES + fds.length * 4;
    this.control.view.setBigUint64(0, BigInt(length), true);
    this.control.i32[2] = SOL_SOCKET;
    this.control.i32[3] = SCM_RIGHTS;
    fds.forEach((fd, i) => {
      this.control.i32[4 + i] = fd;
    });
    return (length + 7) & ~7;
  }

  takeFds(): number[] {
    const received = Number(this.header.view.getBigUint64(40, true));
    if (received < HEADER_BYTES || this.control.i32[3] !== SCM_RIGHTS) return [];
    const length = Number(this.control.view.getBigUint64(0, true));
    return Array.from({ length: (length - HEADER_BYTES) >> 2 }, (_, i) => this.control.i32[4 + i]);
  }
}

/** @param data at least one byte, at most 64 KiB @param fds at most FDS_PER_MESSAGE @returns bytes sent or -errno */
export function sendFds(socket: number, data: Uint8Array, fds: readonly number[]): number {
  const message = new Message();
  message.payload.bytes.set(data);
  const control = fds.length === 0 ? 0 : message.putFds(fds);
  return sendmsg(socket, message.prepare(data.length, control), 0);
}

/** What one recvmsg(2) brought. `result` is bytes received, 0 at the end, or -errno. */
export interface ReceivedFds {
  result: number;
  data: Buffer;
  fds: number[];
}

/** Receives data and descriptors (close-on-exec) from a connected unix socket. */
export function receiveFds(socket: number): ReceivedFds {
  const message = new Message();
  const header = message.prepare(PAYLOAD_BYTES, message.control.size);
  const result = recvmsg(socket, header, MSG_CMSG_CLOEXEC);
  if (result < 0) return { result, data: Buffer.alloc(0), fds: [] };
  return { result, data: Buffer.from(message.payload.bytes.slice(0, result)), fds: message.takeFds() };
}

/** True for the results of a call that may simply be made again later. */
export function isRetry(result: number): boolean {
  return result === -EAGAIN || result === -EINTR;
}

/** Makes a descriptor non-blocking; the reactors of the workers expect that. */
export function setNonBlocking(fd: number): void {
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL, 0) | O_NONBLOCK);
}
