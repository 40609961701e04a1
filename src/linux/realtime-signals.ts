/**
 * Signals that Node cannot hear: it has names and handlers for the first 31 only, and blocking one in the main thread
 * does not help, because the kernel then gives it to another thread of the process, where it is fatal. So libc's own
 * eventfd_write(3) is the handler: it takes the number of the signal for a descriptor and writes eight bytes there, which
 * a handler may do (signal-safety(7): write). At the descriptor of that number stands a pipe that the event loop reads.
 */
import { Socket } from 'node:net';
import koffi from 'koffi';
import { O_CLOEXEC, O_NONBLOCK } from './constants.js';
import { NativeBuffer } from './memory.js';
import { close, fcntl, pipe2 } from './syscalls.js';

const EBADF = 9;
const EBUSY = 16;
const F_GETFD = 1;
const F_DUPFD_CLOEXEC = 1030;
/** struct sigaction of glibc and musl: handler, 128 bytes of mask, flags. */
const FLAGS_AT = 136;
/** With SA_SIGINFO a second argument is passed everywhere: an address, which is no zero. */
const SA_SIGINFO = 4;
const SA_RESTART = 0x10000000;

const libc = koffi.load('libc.so.6');
const sigaction = libc.func('sigaction', 'int', ['int', 'uintptr_t', 'uintptr_t']) as unknown as (
  signal: number,
  action: number,
  old: number,
) => number;
const dlsym = libc.func('dlsym', 'uintptr_t', ['uintptr_t', 'str']) as unknown as (
  handle: number,
  name: string,
) => number;
const dup3 = libc.func('dup3', 'int', ['int', 'int', 'int']) as unknown as (
  from: number,
  to: number,
  flags: number,
) => number;

/**
 * Calls `listener` in the event loop after each signal; several that come together count once.
 * @param signal 32 to 64 (signal(7)); the descriptor of that number is used up
 * @returns 0, or -errno (EBUSY: that descriptor is in use)
 */
export function onRealtimeSignal(signal: number, listener: () => void): number {
  const ends = new NativeBuffer(8);
  const made = pipe2(ends.ptr, O_CLOEXEC | O_NONBLOCK);
  if (made < 0) return made;
  const reader = elsewhere(ends.i32[0], signal);
  const writer = ends.i32[1];
  if (writer !== signal && fcntl(signal, F_GETFD, 0) !== -EBADF) {
    close(reader);
    close(writer);
    return -EBUSY;
  }
  if (writer !== signal) {
    if (dup3(writer, signal, O_CLOEXEC) < 0) return -koffi.errno();
    close(writer);
  }
  const socket = new Socket({ fd: reader, readable: true, writable: false });
  socket.on('data', () => listener());
  socket.unref();
  return install(signal);
}

/** The reading end must not stand where the writing end has to. */
function elsewhere(fd: number, signal: number): number {
  if (fd !== signal) return fd;
  const moved = fcntl(fd, F_DUPFD_CLOEXEC, signal + 1);
  close(fd);
  return moved;
}

function install(signal: number): number {
  const action = new NativeBuffer(160);
  action.view.setBigUint64(0, BigInt(dlsym(0, 'eventfd_write')), true);
  action.view.setInt32(FLAGS_AT, SA_SIGINFO | SA_RESTART, true);
  return sigaction(signal, action.ptr, 0) < 0 ? -koffi.errno() : 0;
}
