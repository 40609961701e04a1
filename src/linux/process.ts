/** What a daemon asks of the kernel for its own process: limits, privileges, descriptors, the way out. */
import koffi from 'koffi';
import { AF_UNIX, SOCK_CLOEXEC, SOCK_DGRAM } from './constants.js';
import { NativeBuffer } from './memory.js';
import { SockAddr } from './sockaddr.js';
import { close, sendto, socket } from './syscalls.js';

const RLIMIT_NOFILE = 7;
const PR_SET_DUMPABLE = 4;
const PR_SET_KEEPCAPS = 8;
const CAPABILITY_VERSION_3 = 0x20080522;
const CAP_NET_BIND_SERVICE = 10;

const libc = koffi.load('libc.so.6');
type Call = (...args: (number | string)[]) => number;
const native = (name: string, args: string[]) => libc.func(name, 'int', args) as unknown as Call;
const raw = {
  getrlimit: native('getrlimit', ['int', 'uintptr_t']),
  setrlimit: native('setrlimit', ['int', 'uintptr_t']),
  prctl: native('prctl', ['int', 'long', 'long', 'long', 'long']),
  capset: native('capset', ['uintptr_t', 'uintptr_t']),
  chroot: native('chroot', ['str']),
  dup2: native('dup2', ['int', 'int']),
  exit: libc.func('_exit', 'void', ['int']) as unknown as (code: number) => never,
};
const scratch = new NativeBuffer(64);

function failed(result: number): number {
  return result < 0 ? -koffi.errno() : result;
}

/** @returns how many descriptors this process may open: now (`soft`) and at most without privileges (`hard`) */
export function descriptorLimit(): { soft: number; hard: number } {
  raw.getrlimit(RLIMIT_NOFILE, scratch.ptr);
  return { soft: Number(scratch.view.getBigUint64(0, true)), hard: Number(scratch.view.getBigUint64(8, true)) };
}

/** Sets both limits. @returns 0 or -errno (EPERM: above the hard limit and not root; or above fs.nr_open) */
export function setDescriptorLimit(soft: number, hard: number): number {
  scratch.view.setBigUint64(0, BigInt(soft), true);
  scratch.view.setBigUint64(8, BigInt(hard), true);
  return failed(raw.setrlimit(RLIMIT_NOFILE, scratch.ptr));
}

/** Lets the kernel write core dumps although the user was changed (prctl(2), PR_SET_DUMPABLE). */
export function allowCoreDumps(): void {
  raw.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

/**
 * Gives root away for good; only the right to bind ports below 1024 stays, in the calling thread alone, so that a
 * reload can open new ones (capabilities(7): PR_SET_KEEPCAPS, then capset).
 * @throws Error of process.setgid/setuid
 */
export function dropPrivileges(uid: number | undefined, gid: number | undefined): void {
  if (gid !== undefined) {
    if (process.getuid?.() === 0) process.setgroups?.([gid]);
    process.setgid?.(gid);
  }
  if (uid === undefined || uid === process.getuid?.()) return;
  raw.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
  process.setuid?.(uid);
  keepBindCapability();
}

function keepBindCapability(): void {
  const header = scratch.ptr;
  const data = scratch.ptr + 16;
  scratch.i32.fill(0, 0, 10);
  scratch.i32[0] = CAPABILITY_VERSION_3;
  scratch.i32[4] = 1 << CAP_NET_BIND_SERVICE; // effective
  scratch.i32[5] = 1 << CAP_NET_BIND_SERVICE; // permitted
  raw.capset(header, data);
}

/** chroot(2) followed by chdir("/"), for the whole process. @returns 0 or -errno */
export function enterRoot(directory: string): number {
  const result = failed(raw.chroot(directory));
  if (result === 0) process.chdir('/');
  return result;
}

/** Makes `to` another name of `from`; `to` is closed first if open. @returns `to` or -errno */
export function duplicateTo(from: number, to: number): number {
  return failed(raw.dup2(from, to));
}

/** Ends the process at once, whatever its threads are doing: no exit handlers, nothing flushed (_exit(2)). */
export function exitNow(code: number): never {
  return raw.exit(code);
}

/**
 * One datagram to a unix socket: sd_notify(3).
 * @param path a path, or `@name` for the abstract namespace
 * @returns bytes sent or -errno
 */
export function sendUnixDatagram(path: string, text: string): number {
  const address = new SockAddr();
  const abstract = path.startsWith('@');
  address.setUnix(abstract ? path.slice(1) : path, abstract);
  const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return fd;
  const bytes = Buffer.from(text);
  const buffer = new NativeBuffer(bytes.length);
  buffer.bytes.set(bytes);
  const sent = sendto(fd, buffer.ptr, bytes.length, 0, address.ptr, address.length);
  close(fd);
  return sent;
}
