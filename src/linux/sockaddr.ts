/** sockaddr_in, sockaddr_in6 and sockaddr_un in native memory (ip(7), ipv6(7), unix(7)), and addresses as text. */
import { AF_INET, AF_INET6, AF_UNIX } from './constants.js';
import { NativeBuffer } from './memory.js';

/** One socket address: `buffer` holds the struct, `length` its bytes in use, and one more word that calls use as length. */
export class SockAddr {
  static readonly SIZE = 128;
  readonly buffer = new NativeBuffer(SockAddr.SIZE + 8);
  length = 0;

  get ptr(): number {
    return this.buffer.ptr;
  }
  /** Address of a socklen_t that says how large the buffer is; reset by `prepare`. */
  get lengthPtr(): number {
    return this.buffer.ptr + SockAddr.SIZE;
  }
  /** Call before accept4, getsockname and the like. */
  prepare(): void {
    this.buffer.i32[SockAddr.SIZE / 4] = SockAddr.SIZE;
  }
  /** Call after them: takes over the length the kernel wrote. */
  taken(): void {
    this.length = this.buffer.i32[SockAddr.SIZE / 4];
  }
  get family(): number {
    return this.buffer.bytes[0] | (this.buffer.bytes[1] << 8);
  }
  /** Host byte order; 0 for unix sockets. */
  get port(): number {
    const f = this.family;
    return f === AF_INET || f === AF_INET6 ? (this.buffer.bytes[2] << 8) | this.buffer.bytes[3] : 0;
  }
  set port(port: number) {
    this.buffer.bytes[2] = port >> 8;
    this.buffer.bytes[3] = port & 255;
  }
  /** @param words network-order words as stored in the shared table (see `ipToWords`) */
  setInet(family: number, words: Int32Array, offset: number, port: number): void {
    const b = this.buffer.bytes;
    b.fill(0, 0, 28);
    b[0] = family;
    this.port = port;
    const at = family === AF_INET ? 1 : 2; // sin_addr is word 1; sin6_flowinfo is word 1, sin6_addr from word 2
    const count = family === AF_INET ? 1 : 4;
    for (let i = 0; i < count; i++) this.buffer.i32[at + i] = words[offset + i];
    this.length = family === AF_INET ? 16 : 28;
  }
  /** @param path a file system path, or with `abstract` a name in the abstract namespace; at most 107 bytes */
  setUnix(path: string, abstract = false): void {
    const b = this.buffer.bytes;
    b.fill(0, 0, 110);
    b[0] = AF_UNIX;
    const name = Buffer.from(path).subarray(0, 107);
    b.set(name, abstract ? 3 : 2);
    this.length = abstract ? 3 + name.length : 2 + name.length + 1;
  }
  /** Copies the address (not the port) into 16 bytes: IPv4 in the first four. @returns 4, 6, or 0 for others */
  copyIp(to: Uint8Array): 0 | 4 | 6 {
    const b = this.buffer.bytes;
    if (this.family === AF_INET) {
      for (let i = 0; i < 4; i++) to[i] = b[4 + i];
      return 4;
    }
    if (this.family !== AF_INET6) return 0;
    for (let i = 0; i < 16; i++) to[i] = b[8 + i];
    return 6;
  }
  copyFrom(other: SockAddr): void {
    this.buffer.bytes.set(other.buffer.bytes.subarray(0, 128));
    this.length = other.length;
  }
}

/** @returns `1.2.3.4`, or the RFC 5952 text of an IPv6 address; IPv4-mapped ones as IPv4 */
export function ipText(family: 0 | 4 | 6, bytes: Uint8Array, offset = 0): string {
  if (family === 4) return `${bytes[offset]}.${bytes[offset + 1]}.${bytes[offset + 2]}.${bytes[offset + 3]}`;
  if (family !== 6) return 'unix';
  const groups: number[] = [];
  for (let i = 0; i < 8; i++) groups.push((bytes[offset + 2 * i] << 8) | bytes[offset + 2 * i + 1]);
  if (groups.slice(0, 5).every((g) => g === 0) && groups[5] === 0xffff) return ipText(4, bytes, offset + 12);
  return compressed(groups);
}

function compressed(groups: number[]): string {
  let start = -1;
  let length = 1; // RFC 5952 §4.2.2: a single zero group is not shortened
  for (let i = 0; i < 8; i++) {
    let n = 0;
    while (i + n < 8 && groups[i + n] === 0) n++;
    if (n > length) [start, length] = [i, n];
  }
  const hex = groups.map((g) => g.toString(16));
  if (start < 0) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

const scratch = new Uint8Array(16);

/**
 * @param ip numeric IPv4 or IPv6 text (checked by the caller with `net.isIP`)
 * @returns family and the network-order words as the shared table stores them
 */
export function ipToWords(ip: string): { family: typeof AF_INET | typeof AF_INET6; words: Int32Array } {
  const plain = ip.replace(/%.*$/, '');
  const v6 = plain.includes(':');
  scratch.fill(0);
  if (v6) parseIpv6(plain, scratch);
  else
    plain.split('.').forEach((part, i) => {
      scratch[i] = Number(part);
    });
  const words = new Int32Array(scratch.slice(0, v6 ? 16 : 4).buffer);
  return { family: v6 ? AF_INET6 : AF_INET, words };
}

function parseIpv6(text: string, into: Uint8Array): void {
  const dotted = text.match(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/);
  const plain = dotted
    ? text.slice(0, dotted.index) +
      ((Number(dotted[1]) << 8) | Number(dotted[2])).toString(16) +
      ':' +
      ((Number(dotted[3]) << 8) | Number(dotted[4])).toString(16)
    : text;
  const [head, tail] = plain.split('::');
  const left = head ? head.split(':') : [];
  const right = tail ? tail.split(':') : [];
  const put = (group: string, at: number) => {
    const value = Number.parseInt(group, 16);
    into[2 * at] = value >> 8;
    into[2 * at + 1] = value & 255;
  };
  left.forEach((g, i) => {
    put(g, i);
  });
  right.forEach((g, i) => {
    put(g, 8 - right.length + i);
  });
}
