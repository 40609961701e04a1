/**
 * An IP address and port in six small integers: what a session keeps of its peer. A SockAddr owns native memory (about
 * 700 bytes with its views), which is too much to hold for each of thousands of idle connections.
 */
import { AF_INET, AF_INET6 } from './constants.js';
import type { SockAddr } from './sockaddr.js';

export class InetAddress {
  /** AF_INET, AF_INET6, or 0: unknown, or a unix socket. */
  family = 0;
  /** Host byte order. */
  port = 0;
  private w0 = 0;
  private w1 = 0;
  private w2 = 0;
  private w3 = 0;

  get known(): boolean {
    return this.family !== 0;
  }

  clear(): void {
    this.family = this.port = 0;
  }

  copy(from: InetAddress): void {
    this.family = from.family;
    this.port = from.port;
    this.w0 = from.w0;
    this.w1 = from.w1;
    this.w2 = from.w2;
    this.w3 = from.w3;
  }

  /** Takes over what a system call wrote. */
  take(from: SockAddr): void {
    const { family } = from;
    if (family !== AF_INET && family !== AF_INET6) {
      this.clear();
      return;
    }
    const words = from.buffer.i32;
    const at = family === AF_INET ? 1 : 2;
    this.family = family;
    this.port = from.port;
    this.w0 = words[at];
    if (family === AF_INET) return;
    this.w1 = words[at + 1];
    this.w2 = words[at + 2];
    this.w3 = words[at + 3];
  }

  /** @param ip network order, 4 bytes or 16 */
  set(family: 4 | 6, ip: Uint8Array, port: number): void {
    this.family = family === 4 ? AF_INET : AF_INET6;
    this.port = port;
    this.w0 = word(ip, 0);
    if (family === 4) return;
    this.w1 = word(ip, 4);
    this.w2 = word(ip, 8);
    this.w3 = word(ip, 12);
  }

  /** Writes the address as a sockaddr. */
  put(to: SockAddr): void {
    words[0] = this.w0;
    words[1] = this.w1;
    words[2] = this.w2;
    words[3] = this.w3;
    to.setInet(this.family, words, 0, this.port);
  }

  /** Copies the address (not the port) into 16 bytes: IPv4 in the first four. @returns 4, 6, or 0 for others */
  copyIp(to: Uint8Array): 0 | 4 | 6 {
    if (!this.known) return 0;
    words[0] = this.w0;
    words[1] = this.w1;
    words[2] = this.w2;
    words[3] = this.w3;
    const size = this.family === AF_INET ? 4 : 16;
    for (let i = 0; i < size; i++) to[i] = wordBytes[i];
    return size === 4 ? 4 : 6;
  }
}

const words = new Int32Array(4);
const wordBytes = new Uint8Array(words.buffer);

/** Four bytes as they lie in memory. */
function word(bytes: Uint8Array, at: number): number {
  for (let i = 0; i < 4; i++) wordBytes[i] = bytes[at + i];
  return words[0];
}
