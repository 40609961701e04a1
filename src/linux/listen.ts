/** Listening sockets: from an address and the options of a `bind` line to a descriptor (ip(7), tcp(7), unix(7)). */
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  EADDRNOTAVAIL,
  F_DUPFD_CLOEXEC,
  IP_FREEBIND,
  IP_TRANSPARENT,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_FREEBIND,
  IPV6_TRANSPARENT,
  IPV6_V6ONLY,
  SHUT_RD,
  SO_BINDTODEVICE,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_DEFER_ACCEPT,
  TCP_FASTOPEN,
  TCP_MAXSEG,
} from './constants.js';
import { NativeBuffer } from './memory.js';
import { ipText, ipToWords, SockAddr } from './sockaddr.js';
import { bindSocket, close, connect, fcntl, getsockname, listen, setsockopt, shutdown, socket } from './syscalls.js';

/** Options that the kernel takes over while a socket listens: they may change at a reload without closing it. */
export interface ListenOptions {
  backlog: number;
  interface?: string;
  deferAccept?: boolean;
  tfo?: boolean;
  mss?: number;
}

export interface InetListen extends ListenOptions {
  /** Numeric. */
  ip: string;
  port: number;
  v6only: boolean;
  transparent: boolean;
  reuseport: boolean;
}

/** `fd`, or `errno` with the call that failed. `foreign`: no interface holds the address yet (IP_FREEBIND). */
export type Opened = { ok: true; fd: number; foreign: boolean } | { ok: false; errno: number; call: string };

const DEFER_ACCEPT_SECONDS = 1;
const SO_RCVTIMEO = 20;
const SO_SNDTIMEO = 21;
const scratch = new NativeBuffer(64);

function setInt(fd: number, level: number, name: number, value: number): number {
  scratch.i32[0] = value;
  return setsockopt(fd, level, name, scratch.ptr, 4);
}

function refused(fd: number, result: number, call: string): Opened {
  if (fd >= 0) close(fd);
  return { ok: false, errno: -result, call };
}

/** Opens, binds and listens. An address that no interface holds is bound all the same, and said to be `foreign`. */
export function listenInet(want: InetListen): Opened {
  const { family, words } = ipToWords(want.ip);
  const fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return refused(fd, fd, 'create');
  setInt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (want.reuseport) setInt(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  if (family === AF_INET6) setInt(fd, IPPROTO_IPV6, IPV6_V6ONLY, want.v6only ? 1 : 0);
  if (want.transparent) allowForeign(fd, family, true);
  const device = want.interface === undefined ? 0 : bindToDevice(fd, want.interface);
  if (device < 0) return refused(fd, device, `use interface '${want.interface}' for`);
  const address = new SockAddr();
  address.setInet(family, words, 0, want.port);
  const bound = bindAnyway(fd, family, address);
  if (bound.result < 0) return refused(fd, bound.result, 'bind');
  applyListenOptions(fd, want);
  const listening = listen(fd, want.backlog);
  return listening < 0 ? refused(fd, listening, 'listen to') : { ok: true, fd, foreign: bound.foreign };
}

function bindAnyway(fd: number, family: number, address: SockAddr): { result: number; foreign: boolean } {
  const result = bindSocket(fd, address.ptr, address.length);
  if (result !== -EADDRNOTAVAIL) return { result, foreign: false };
  allowForeign(fd, family, false);
  return { result: bindSocket(fd, address.ptr, address.length), foreign: true };
}

/** IP_TRANSPARENT also accepts for foreign addresses and needs a privilege; IP_FREEBIND only binds and needs none. */
function allowForeign(fd: number, family: number, transparent: boolean): void {
  const v4 = family === AF_INET;
  const level = v4 ? IPPROTO_IP : IPPROTO_IPV6;
  if (transparent && setInt(fd, level, v4 ? IP_TRANSPARENT : IPV6_TRANSPARENT, 1) === 0) return;
  setInt(fd, level, v4 ? IP_FREEBIND : IPV6_FREEBIND, 1);
}

function bindToDevice(fd: number, name: string): number {
  const bytes = Buffer.from(`${name}\0`);
  scratch.bytes.set(bytes.subarray(0, 16));
  return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, scratch.ptr, Math.min(bytes.length, 16));
}

/** Sets what may change while listening; what the kernel lacks is left as it is (these are optimisations). */
export function applyListenOptions(fd: number, options: ListenOptions): void {
  setInt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, options.deferAccept ? DEFER_ACCEPT_SECONDS : 0);
  if (options.mss) setInt(fd, IPPROTO_TCP, TCP_MAXSEG, Math.abs(options.mss));
  if (options.tfo) setInt(fd, IPPROTO_TCP, TCP_FASTOPEN, options.backlog);
}

/** Binds a unix socket. @param path where to bind; the caller renames it to the path that clients know */
export function listenUnix(path: string, abstract: boolean, backlog: number): Opened {
  const fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return refused(fd, fd, 'create');
  const address = new SockAddr();
  address.setUnix(path, abstract);
  const bound = bindSocket(fd, address.ptr, address.length);
  if (bound < 0) return refused(fd, bound, 'bind');
  const listening = listen(fd, backlog);
  return listening < 0 ? refused(fd, listening, 'listen to') : { ok: true, fd, foreign: false };
}

/** Goes on listening: also with another backlog, and after `stopListening`. @returns 0 or -errno */
export function listenAgain(fd: number, backlog: number): number {
  return listen(fd, backlog);
}

/** The same socket under another descriptor, for a thread that closes its own. @returns a descriptor or -errno */
export function duplicate(fd: number): number {
  return fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

/** New clients are refused from now on while the socket keeps its address (tcp(7): a listener shut for reading closes). */
export function stopListening(fd: number): void {
  shutdown(fd, SHUT_RD);
}

/** @returns where a socket is bound: `1.2.3.4:5`, `[::1]:5`, `unix:/path`, `abns:name`; undefined if it is no socket */
export function boundAddress(fd: number): string | undefined {
  const address = new SockAddr();
  address.prepare();
  if (getsockname(fd, address.ptr, address.lengthPtr) < 0) return undefined;
  address.taken();
  const ip = new Uint8Array(16);
  if (address.family === AF_UNIX) return unixName(address);
  const family = address.copyIp(ip);
  if (family === 0) return undefined;
  const text = ipText(family, ip);
  return text.includes(':') ? `[${text}]:${address.port}` : `${text}:${address.port}`;
}

function unixName(address: SockAddr): string {
  const name = Buffer.from(address.buffer.bytes.slice(2, address.length));
  if (name[0] === 0) return `abns:${name.subarray(1).toString()}`;
  const end = name.indexOf(0);
  return `unix:${name.subarray(0, end < 0 ? name.length : end).toString()}`;
}

/**
 * Connects to a unix socket, blocking, with a limit for each later send and receive.
 * @param timeoutMs applies to connecting, sending and receiving (socket(7), SO_RCVTIMEO)
 * @returns a descriptor or -errno
 */
export function connectUnix(path: string, timeoutMs: number): number {
  const fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return fd;
  scratch.view.setBigInt64(0, BigInt(Math.floor(timeoutMs / 1000)), true);
  scratch.view.setBigInt64(8, BigInt((timeoutMs % 1000) * 1000), true);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, scratch.ptr, 16);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, scratch.ptr, 16);
  const address = new SockAddr();
  address.setUnix(path);
  const result = connect(fd, address.ptr, address.length);
  if (result < 0) close(fd);
  return result < 0 ? result : fd;
}
