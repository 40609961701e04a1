/** The socket under NETLINK_ROUTE (netlink(7)): opening it, groups, datagrams. Only what the kernel sent is given on. */
import { EAGAIN, ENOBUFS, ETIMEDOUT, MSG_DONTWAIT, SOCK_CLOEXEC, SOL_SOCKET } from './constants.js';
import { MessageHeader } from './message-header.js';
import { u32 } from './netlink-message.js';
import { setOption, setOptionBytes, setReceiveBuffer } from './socket-options.js';
import { bindSocket, close, recvmsg, sendmsg, socket } from './syscalls.js';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const NETLINK_ROUTE = 0;
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;
const SO_RCVTIMEO = 20;
/** The kernel fills at most 32 KiB in one datagram of a dump. */
const DATAGRAM_BYTES = 1 << 16;
const EMSGSIZE = 90;

/** What a client needs of the socket. */
export interface NetlinkChannel {
  /** @returns bytes sent or -errno */
  send(bytes: Uint8Array): number;
  /** Waits. @returns one datagram of the kernel, valid until the next call; -ETIMEDOUT, -ENOBUFS (something was lost) or another -errno */
  receive(): Uint8Array | number;
  /** As `receive`, without waiting: -EAGAIN where nothing is there. */
  receiveNow(): Uint8Array | number;
  /** Throws away what has arrived. */
  drain(): void;
  close(): void;
}

export interface NetlinkOptions {
  /** RTNLGRP_* to listen to. */
  readonly groups: readonly number[];
  /** Above net.core.rmem_max only with CAP_NET_ADMIN; without it, as much as is allowed. */
  readonly receiveBytes: number;
  readonly timeoutMs: number;
}

export class NetlinkSocket implements NetlinkChannel {
  private readonly incoming = new MessageHeader(DATAGRAM_BYTES);

  constructor(readonly fd: number) {}

  send(bytes: Uint8Array): number {
    const outgoing = new MessageHeader(bytes.length);
    outgoing.data.bytes.set(bytes);
    setKernelAddress(outgoing);
    return sendmsg(this.fd, outgoing.forSending(bytes.length, 0), 0);
  }

  receive(): Uint8Array | number {
    const received = this.take(0);
    return received === -EAGAIN ? -ETIMEDOUT : received; // SO_RCVTIMEO says EAGAIN when the time is over
  }

  receiveNow(): Uint8Array | number {
    return this.take(MSG_DONTWAIT);
  }

  private take(flags: number): Uint8Array | number {
    for (;;) {
      const length = recvmsg(this.fd, this.incoming.forReceiving(), flags);
      if (length < 0) return length;
      if (this.incoming.isTruncated) return -EMSGSIZE;
      if (this.incoming.name.buffer.i32[1] === 0) return this.incoming.data.bytes.subarray(0, length); // nl_pid 0
    }
  }

  drain(): void {
    for (;;) {
      const received = this.take(MSG_DONTWAIT);
      if (typeof received === 'number' && received !== -ENOBUFS && received !== -EMSGSIZE) return;
    }
  }

  close(): void {
    close(this.fd);
  }
}

function setKernelAddress({ name }: MessageHeader): void {
  name.buffer.i32.fill(0, 0, 3);
  name.buffer.i32[0] = AF_NETLINK;
  name.length = 12; // struct sockaddr_nl: port and groups 0 are the kernel
}

/** @returns the socket, or -errno */
export function openNetlink(options: NetlinkOptions): NetlinkSocket | number {
  const fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return fd;
  const result = setUp(fd, options);
  if (result === 0) return new NetlinkSocket(fd);
  close(fd);
  return result;
}

function setUp(fd: number, { groups, receiveBytes, timeoutMs }: NetlinkOptions): number {
  setReceiveBuffer(fd, receiveBytes);
  // What an older kernel lacks costs words and speed, nothing else.
  for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK])
    setOption(fd, SOL_NETLINK, option, 1);
  const address = new MessageHeader(0);
  setKernelAddress(address);
  const bound = bindSocket(fd, address.name.ptr, address.name.length);
  if (bound < 0) return bound;
  for (const group of groups) {
    const joined = setOption(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group);
    if (joined < 0) return joined;
  }
  const limit = u32(Math.floor(timeoutMs / 1000), 0, (timeoutMs % 1000) * 1000, 0); // struct timeval
  return setOptionBytes(fd, SOL_SOCKET, SO_RCVTIMEO, limit);
}
