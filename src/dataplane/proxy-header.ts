/** The PROXY header that goes before a client's bytes where a server asks for one (`send-proxy`, `send-proxy-v2`). */
import { encodeV1, encodeV2 } from '../core/proxy-protocol.js';
import { InetAddress } from '../linux/inet-address.js';
import { SockAddr } from '../linux/sockaddr.js';
import { getsockname } from '../linux/syscalls.js';
import type { Session } from './session.js';

const bytes = new Uint8Array(256);
const source = new Uint8Array(16);
const destination = new Uint8Array(16);
const asked = new SockAddr();
const local = new InetAddress();
const result = { bytes, length: 0 };

/** @returns a shared object that the next call overwrites */
export function proxyHeaderFor(session: Session, version: 'v1' | 'v2'): { bytes: Uint8Array; length: number } {
  const to = destinationOf(session);
  const family = session.source.copyIp(source);
  const same = to.copyIp(destination) === family;
  const encode = version === 'v1' ? encodeV1 : encodeV2;
  result.length = encode(bytes, {
    family: same ? family : 0,
    source,
    sourcePort: session.source.port,
    destination,
    destinationPort: to.port,
  });
  return result;
}

/** Where the client connected to: from its own PROXY header, else from the socket. */
export function destinationOf(session: Session): InetAddress {
  return session.destination.known ? session.destination : socketDestination(session);
}

/** The address of the socket, whatever a header or a rule says. @returns a shared object that the next call overwrites */
export function socketDestination(session: Session): InetAddress {
  asked.prepare();
  if (getsockname(session.clientFd, asked.ptr, asked.lengthPtr) === 0) local.take(asked);
  else local.clear();
  return local;
}
