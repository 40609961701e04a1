/**
 * libc's system calls as plain functions: numbers in, number out, a failure is the negative errno (so nothing throws on
 * the hot path). Pointers are addresses (`NativeBuffer.ptr`). A call costs about 0.1 µs on top of the system call
 * (measured with getppid in a loop). Only this folder imports koffi.
 */
import koffi from 'koffi';

const libc = koffi.load('libc.so.6');
const P = 'uintptr_t';

function bind(name: string, args: string[], result = 'int'): (...args: number[]) => number {
  const call = libc.func(name, result, args) as unknown as (...args: number[]) => number;
  return call;
}

const raw = {
  socket: bind('socket', ['int', 'int', 'int']),
  socketpair: bind('socketpair', ['int', 'int', 'int', P]),
  accept4: bind('accept4', ['int', P, P, 'int']),
  connect: bind('connect', ['int', P, 'int']),
  bind: bind('bind', ['int', P, 'int']),
  listen: bind('listen', ['int', 'int']),
  recv: bind('recv', ['int', P, 'int', 'int'], 'int'),
  send: bind('send', ['int', P, 'int', 'int'], 'int'),
  sendto: bind('sendto', ['int', P, 'int', 'int', P, 'int'], 'int'),
  recvmsg: bind('recvmsg', ['int', P, 'int'], 'int'),
  sendmsg: bind('sendmsg', ['int', P, 'int'], 'int'),
  read: bind('read', ['int', P, 'int'], 'int'),
  write: bind('write', ['int', P, 'int'], 'int'),
  close: bind('close', ['int']),
  shutdown: bind('shutdown', ['int', 'int']),
  splice: bind('splice', ['int', P, 'int', P, 'int', 'int'], 'int'),
  pipe2: bind('pipe2', [P, 'int']),
  fcntl: bind('fcntl', ['int', 'int', 'int']),
  ioctl: bind('ioctl', ['int', 'long', P]),
  setsockopt: bind('setsockopt', ['int', 'int', 'int', P, 'int']),
  getsockopt: bind('getsockopt', ['int', 'int', 'int', P, P]),
  getsockname: bind('getsockname', ['int', P, P]),
  getpeername: bind('getpeername', ['int', P, P]),
  epoll_create1: bind('epoll_create1', ['int']),
  epoll_ctl: bind('epoll_ctl', ['int', 'int', 'int', P]),
  epoll_wait: bind('epoll_wait', ['int', P, 'int', 'int']),
  eventfd: bind('eventfd', ['int', 'int']),
  poll: bind('poll', [P, 'long', 'int']),
};

function failed(result: number): number {
  return result < 0 ? -koffi.errno() : result;
}

export function socket(domain: number, type: number, protocol: number): number {
  return failed(raw.socket(domain, type, protocol));
}
/** @param fds address of two int32 */
export function socketpair(domain: number, type: number, protocol: number, fds: number): number {
  return failed(raw.socketpair(domain, type, protocol, fds));
}
/** @param addr address of a sockaddr buffer, or 0 @param addrLen address of its length, or 0 */
export function accept4(fd: number, addr: number, addrLen: number, flags: number): number {
  return failed(raw.accept4(fd, addr, addrLen, flags));
}
export function connect(fd: number, addr: number, len: number): number {
  return failed(raw.connect(fd, addr, len));
}
export function bindSocket(fd: number, addr: number, len: number): number {
  return failed(raw.bind(fd, addr, len));
}
export function listen(fd: number, backlog: number): number {
  return failed(raw.listen(fd, backlog));
}
export function recv(fd: number, ptr: number, len: number, flags: number): number {
  const n = raw.recv(fd, ptr, len, flags);
  return n < 0 ? -koffi.errno() : n;
}
export function send(fd: number, ptr: number, len: number, flags: number): number {
  const n = raw.send(fd, ptr, len, flags);
  return n < 0 ? -koffi.errno() : n;
}
export function sendto(fd: number, ptr: number, len: number, flags: number, addr: number, addrLen: number): number {
  return failed(raw.sendto(fd, ptr, len, flags, addr, addrLen));
}
export function recvmsg(fd: number, msg: number, flags: number): number {
  return failed(raw.recvmsg(fd, msg, flags));
}
export function sendmsg(fd: number, msg: number, flags: number): number {
  return failed(raw.sendmsg(fd, msg, flags));
}
export function read(fd: number, ptr: number, len: number): number {
  return failed(raw.read(fd, ptr, len));
}
export function write(fd: number, ptr: number, len: number): number {
  return failed(raw.write(fd, ptr, len));
}
export function close(fd: number): number {
  return failed(raw.close(fd));
}
export function shutdown(fd: number, how: number): number {
  return failed(raw.shutdown(fd, how));
}
/** splice(2) without offsets: at least one side is a pipe. */
export function splice(from: number, to: number, len: number, flags: number): number {
  const n = raw.splice(from, 0, to, 0, len, flags);
  return n < 0 ? -koffi.errno() : n;
}
/** @param fds address of two int32 */
export function pipe2(fds: number, flags: number): number {
  return failed(raw.pipe2(fds, flags));
}
export function fcntl(fd: number, command: number, arg: number): number {
  return failed(raw.fcntl(fd, command, arg));
}
/** @param ptr address of the request's argument */
export function ioctl(fd: number, request: number, ptr: number): number {
  return failed(raw.ioctl(fd, request, ptr));
}
export function setsockopt(fd: number, level: number, name: number, ptr: number, len: number): number {
  return failed(raw.setsockopt(fd, level, name, ptr, len));
}
export function getsockopt(fd: number, level: number, name: number, ptr: number, lenPtr: number): number {
  return failed(raw.getsockopt(fd, level, name, ptr, lenPtr));
}
export function getsockname(fd: number, addr: number, addrLen: number): number {
  return failed(raw.getsockname(fd, addr, addrLen));
}
export function getpeername(fd: number, addr: number, addrLen: number): number {
  return failed(raw.getpeername(fd, addr, addrLen));
}
export function epollCreate1(flags: number): number {
  return failed(raw.epoll_create1(flags));
}
export function epollCtl(epoll: number, op: number, fd: number, event: number): number {
  return failed(raw.epoll_ctl(epoll, op, fd, event));
}
export function epollWait(epoll: number, events: number, max: number, timeoutMs: number): number {
  return failed(raw.epoll_wait(epoll, events, max, timeoutMs));
}
export function eventfd(initial: number, flags: number): number {
  return failed(raw.eventfd(initial, flags));
}
/** @param fds address of `count` struct pollfd (8 bytes each: fd, events and revents of 16 bits) */
export function poll(fds: number, count: number, timeoutMs: number): number {
  return failed(raw.poll(fds, count, timeoutMs));
}
