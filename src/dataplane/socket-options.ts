/** setsockopt(2) as the configuration asks for it. Failures are not fatal: the option is an optimisation or a courtesy. */
import { randomInt } from 'node:crypto';
import type { Bind, Proxy } from '../config/model.js';
import {
  AF_INET,
  AF_INET6,
  IP_BIND_ADDRESS_NO_PORT,
  IP_TOS,
  IP_TRANSPARENT,
  IP_TTL,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_TCLASS,
  IPV6_TRANSPARENT,
  IPV6_UNICAST_HOPS,
  SHUT_RDWR,
  SO_BINDTODEVICE,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_MARK,
  SO_REUSEADDR,
  SOL_SOCKET,
  TCP_FASTOPEN_CONNECT,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_NODELAY,
  TCP_QUICKACK,
  TCP_REPAIR,
  TCP_USER_TIMEOUT,
} from '../linux/constants.js';
import { NativeBuffer } from '../linux/memory.js';
import { SockAddr } from '../linux/sockaddr.js';
import { bindSocket, connect, setsockopt, shutdown } from '../linux/syscalls.js';
import type { ServerEntity, SourceBinding } from './entities.js';
import type { Session } from './session.js';

const ints = new NativeBuffer(16);
const sourceAddress = new SockAddr();

/** @returns 0 or -errno */
function setInt(fd: number, level: number, name: number, value: number): number {
  ints.i32[0] = value;
  return setsockopt(fd, level, name, ints.ptr, 4);
}

/** close(2) then sends a reset and discards what is queued (socket(7), SO_LINGER with 0 seconds). */
export function abortOnClose(fd: number): void {
  ints.i32[0] = 1;
  ints.i32[1] = 0;
  setsockopt(fd, SOL_SOCKET, SO_LINGER, ints.ptr, 8);
}

/**
 * Ends a connection at this moment with a reset, and discards what is queued (connect(2) with AF_UNSPEC); the
 * descriptor stays. For a unix socket, which cannot do that, it is an orderly end.
 */
export function abortNow(fd: number): void {
  ints.i32.fill(0);
  if (connect(fd, ints.ptr, 16) < 0) shutdown(fd, SHUT_RDWR);
}

/**
 * `silent-drop`: the client is not told that its connection is gone. With TCP_REPAIR (CAP_NET_ADMIN) close(2) sends
 * nothing; without, a reset is sent that the first router drops (manual, `http-request silent-drop`).
 */
export function vanishOnClose(fd: number): void {
  if (setInt(fd, IPPROTO_TCP, TCP_REPAIR, 1) === 0) return;
  setInt(fd, IPPROTO_IP, IP_TTL, 1);
  setInt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 1);
  abortOnClose(fd);
}

/** `set-mark`: for netfilter and routing (CAP_NET_ADMIN). */
export function markPackets(fd: number, mark: number): void {
  setInt(fd, SOL_SOCKET, SO_MARK, mark | 0);
}

/** `set-tos`: the DSCP byte of IPv4, the traffic class of IPv6. */
export function classifyPackets(fd: number, tos: number): void {
  setInt(fd, IPPROTO_IP, IP_TOS, tos);
  setInt(fd, IPPROTO_IPV6, IPV6_TCLASS, tos);
}

/** Options of a listening socket that accepted ones inherit (tcp(7)): a call here saves one per connection. */
export function prepareListener(fd: number, proxy: Proxy, bind: Bind): void {
  setInt(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  const o = proxy.options;
  if (o.tcpSmartAccept) setInt(fd, IPPROTO_TCP, TCP_QUICKACK, 0);
  if (bind.tcpUserTimeoutMs !== undefined) setInt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, bind.tcpUserTimeoutMs);
  if (o.clitcpka) keepAlive(fd, o.clitcpkaIdleMs, o.clitcpkaIntvlMs, o.clitcpkaCnt);
}

/** Options of a socket to a server, before connect(2). TCP_NODELAY is the only one that is always set. */
export function prepareServerSocket(fd: number, server: ServerEntity, family: number): void {
  if (family !== AF_INET && family !== AF_INET6) return;
  setInt(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  const o = server.backend.proxy.options;
  if (o.srvtcpka) keepAlive(fd, o.srvtcpkaIdleMs, o.srvtcpkaIntvlMs, o.srvtcpkaCnt);
  if (o.tcpSmartConnect) setInt(fd, IPPROTO_TCP, TCP_QUICKACK, 0);
  if (server.userTimeoutMs > 0) setInt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, server.userTimeoutMs);
  if (server.spec.tfo) setInt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1);
}

function keepAlive(fd: number, idleMs?: number, intervalMs?: number, count?: number): void {
  setInt(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  if (idleMs) setInt(fd, IPPROTO_TCP, TCP_KEEPIDLE, Math.max(1, Math.round(idleMs / 1000)));
  if (intervalMs) setInt(fd, IPPROTO_TCP, TCP_KEEPINTVL, Math.max(1, Math.round(intervalMs / 1000)));
  if (count) setInt(fd, IPPROTO_TCP, TCP_KEEPCNT, count);
}

/** `source ADDR[:PORT[-PORT]] [usesrc …] [interface …]`. @returns 0 or -errno */
export function bindSource(fd: number, source: SourceBinding, session: Session): number {
  const { spec } = source;
  if (spec.interface) bindToDevice(fd, spec.interface);
  const from = spec.usesrc === undefined ? source.address : clientAddress(fd, source, session);
  const first = from === source.address ? spec.port : from.port;
  const last = from === source.address ? (spec.portEnd ?? first) : first;
  if (first === 0) setInt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  else setInt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  from.port = last > first ? randomInt(first, last + 1) : first;
  return bindSocket(fd, from.ptr, from.length);
}

/** `usesrc client|clientip`: the connection leaves with the client's own address (needs CAP_NET_ADMIN and routing). */
function clientAddress(fd: number, source: SourceBinding, session: Session): SockAddr {
  setInt(fd, IPPROTO_IP, IP_TRANSPARENT, 1);
  setInt(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, 1);
  const { usesrc } = source.spec;
  if (usesrc !== 'client' && usesrc !== 'clientip') return source.address;
  session.source.put(sourceAddress);
  if (usesrc === 'clientip') sourceAddress.port = 0;
  return sourceAddress;
}

function bindToDevice(fd: number, name: string): void {
  const bytes = Buffer.from(`${name}\0`);
  const room = new NativeBuffer(bytes.length);
  room.bytes.set(bytes);
  setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, room.ptr, bytes.length);
}
