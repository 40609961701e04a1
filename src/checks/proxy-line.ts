/** The PROXY header of a check (`send-proxy`, `check-send-proxy`): v1 with the check's own addresses, v2 LOCAL. */
import { encodeV1 } from '../core/proxy-protocol.js';
import { NativeBuffer } from '../linux/memory.js';
import { SockAddr } from '../linux/sockaddr.js';
import { getpeername, getsockname } from '../linux/syscalls.js';

/** proxy-protocol.txt §2.2: signature, version 2 with command LOCAL, no family, no addresses. */
const V2_LOCAL = Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex');
const header = new NativeBuffer(256);
const source = new Uint8Array(16);
const destination = new Uint8Array(16);
const own = new SockAddr();
const peer = new SockAddr();

/** @returns a shared buffer; its length in use is in its last byte */
export function proxyHeader(fd: number, version: 'v1' | 'v2'): NativeBuffer {
  if (version === 'v2') {
    header.bytes.set(V2_LOCAL);
    header.bytes[header.size - 1] = V2_LOCAL.length;
    return header;
  }
  own.prepare();
  peer.prepare();
  const isKnown = getsockname(fd, own.ptr, own.lengthPtr) === 0 && getpeername(fd, peer.ptr, peer.lengthPtr) === 0;
  const family = isKnown ? own.copyIp(source) : 0;
  peer.copyIp(destination);
  header.bytes[header.size - 1] = encodeV1(header.bytes, {
    family,
    source,
    sourcePort: own.port,
    destination,
    destinationPort: peer.port,
  });
  return header;
}
