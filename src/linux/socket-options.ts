/** Small helpers around setsockopt(2). */
import { SO_BINDTODEVICE, SOL_SOCKET } from './constants.js';
import { NativeBuffer } from './memory.js';
import { setsockopt } from './syscalls.js';

const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const IFNAMSIZ = 16;
const scratch = new NativeBuffer(64);

/** An option of type int. @returns 0 or -errno */
export function setOption(fd: number, level: number, name: number, value: number): number {
  scratch.i32[0] = value;
  return setsockopt(fd, level, name, scratch.ptr, 4);
}

/** @param value at most 64 bytes @returns 0 or -errno */
export function setOptionBytes(fd: number, level: number, name: number, value: Uint8Array): number {
  scratch.bytes.set(value);
  return setsockopt(fd, level, name, scratch.ptr, value.length);
}

/** Sends and hears through that interface only. @returns 0, -ENODEV, or -EPERM without CAP_NET_RAW */
export function bindToDevice(fd: number, name: string): number {
  const bytes = Buffer.from(`${name}\0`).subarray(0, IFNAMSIZ);
  return setOptionBytes(fd, SOL_SOCKET, SO_BINDTODEVICE, bytes);
}

/** Above net.core.rmem_max only with CAP_NET_ADMIN; without it, as much as is allowed. */
export function setReceiveBuffer(fd: number, bytes: number): void {
  if (setOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes) < 0) setOption(fd, SOL_SOCKET, SO_RCVBUF, bytes);
}
