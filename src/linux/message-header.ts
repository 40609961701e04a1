/** struct msghdr for recvmsg(2) and sendmsg(2): one buffer, a socket address and control data (64-bit layouts, cmsg(3)). */
import { NativeBuffer } from './memory.js';
import { SockAddr } from './sockaddr.js';

const SIZE = 56;
const CMSG_HEADER = 16; // struct cmsghdr: size_t length, int level, int type
/** In `flags` after recvmsg(2): the buffer was too small. */
const MSG_TRUNC = 0x20;

export class MessageHeader {
  readonly name = new SockAddr();
  readonly data: NativeBuffer;
  private readonly header = new NativeBuffer(SIZE);
  private readonly iov = new NativeBuffer(16);
  private readonly control: NativeBuffer;

  /** @param dataBytes room for one datagram @param controlBytes room for control messages */
  constructor(dataBytes: number, controlBytes = 0) {
    this.data = new NativeBuffer(dataBytes);
    this.control = new NativeBuffer(controlBytes);
    const h = this.header.view;
    h.setBigUint64(0, BigInt(this.name.ptr), true);
    h.setBigUint64(16, BigInt(this.iov.ptr), true);
    h.setBigUint64(24, 1n, true);
    h.setBigUint64(32, BigInt(this.control.ptr), true);
    this.iov.view.setBigUint64(0, BigInt(this.data.ptr), true);
  }

  /** @returns the address to hand to recvmsg(2) */
  forReceiving(): number {
    this.header.i32[2] = SockAddr.SIZE;
    this.iov.i32[2] = this.data.size;
    this.setControlLength(this.control.size);
    return this.header.ptr;
  }

  /** Sends the first `length` bytes of `data` to `name`, with the control data put before. @returns for sendmsg(2) */
  forSending(length: number, controlLength: number): number {
    this.header.i32[2] = this.name.length;
    this.iov.i32[2] = length;
    this.setControlLength(controlLength);
    return this.header.ptr;
  }

  private setControlLength(length: number): void {
    this.header.i32[10] = length;
    this.header.i32[11] = 0;
    this.header.i32[12] = 0;
  }

  /** After receiving: the datagram was longer than the buffer. */
  get isTruncated(): boolean {
    return (this.header.i32[12] & MSG_TRUNC) !== 0;
  }

  /** After receiving. @returns where the payload of that control message begins in `controlView`, or -1 */
  findControl(level: number, type: number, bytes: number): number {
    const end = this.header.i32[10];
    const c = this.control.i32;
    for (let at = 0; at + CMSG_HEADER <= end; ) {
      const length = c[at / 4];
      if (length < CMSG_HEADER || at + length > end) return -1;
      if (c[at / 4 + 2] === level && c[at / 4 + 3] === type && length >= CMSG_HEADER + bytes) return at + CMSG_HEADER;
      at += (length + 7) & ~7;
    }
    return -1;
  }

  get controlView(): DataView {
    return this.control.view;
  }

  /** Writes one control message at the start. @returns its whole length, for `forSending` */
  putControl(level: number, type: number, payload: Uint8Array): number {
    const length = CMSG_HEADER + payload.length;
    this.control.bytes.fill(0, 0, (length + 7) & ~7);
    this.control.i32[0] = length;
    this.control.i32[2] = level;
    this.control.i32[3] = type;
    this.control.bytes.set(payload, CMSG_HEADER);
    return (length + 7) & ~7;
  }
}
