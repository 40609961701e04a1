/** Classic BPF (linux/filter.h): programs by which the kernel decides which packets wake a socket at all. */
import { EINVAL, SOL_SOCKET } from './constants.js';
import { NativeBuffer } from './memory.js';
import { setsockopt } from './syscalls.js';

const SO_ATTACH_FILTER = 26;
const BPF_LD_B = 0x30;
const BPF_LD_H = 0x28;
const BPF_LD_W = 0x20;
const BPF_JEQ = 0x15;
const BPF_JSET = 0x45;
const BPF_JA = 0x05;
const BPF_RET = 0x06;
/** BPF_MAXINSNS. */
const LENGTH_MAX = 4096;

/** struct sock_filter. */
export interface Instruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}
export type BpfProgram = readonly Instruction[];

const plain = (code: number, k: number): Instruction => ({ code, jt: 0, jf: 0, k: k >>> 0 });

/** Loads from the start of the packet; one that is too short is refused there and then. */
export const load8 = (offset: number): Instruction => plain(BPF_LD_B, offset);
export const load16 = (offset: number): Instruction => plain(BPF_LD_H, offset);
export const load32 = (offset: number): Instruction => plain(BPF_LD_W, offset);
/** Index of the interface that the packet came in through (SKF_AD_OFF + SKF_AD_IFINDEX). */
export const loadInterface: Instruction = plain(BPF_LD_W, 0xfffff008);
/** Goes on `jt` or `jf` instructions further. */
export const ifEqual = (k: number, jt: number, jf: number): Instruction => ({ code: BPF_JEQ, jt, jf, k: k >>> 0 });
export const ifAnyBit = (k: number, jt: number, jf: number): Instruction => ({ code: BPF_JSET, jt, jf, k: k >>> 0 });
/** As far as needed: conditions reach 255 instructions only. */
export const jump = (distance: number): Instruction => plain(BPF_JA, distance);
export const accept: Instruction = plain(BPF_RET, 0xffffffff);
export const refuse: Instruction = plain(BPF_RET, 0);

/** Accepts where the four words from `offset` are those of an IPv6 address, and goes on behind its nine instructions otherwise. */
export function ifAllEqual(offset: number, address: Uint8Array): Instruction[] {
  const words = [0, 4, 8, 12];
  const compare = words.flatMap((at, i) => [load32(offset + at), ifEqual(wordOf(address, at), 0, 7 - 2 * i)]);
  return [...compare, accept];
}

/** As load32 would load it. */
export function wordOf(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at);
}

/** @returns 0 or -errno; -EINVAL for a program the kernel would find too long */
export function attachFilter(fd: number, program: BpfProgram): number {
  if (program.length === 0 || program.length > LENGTH_MAX) return -EINVAL;
  const code = new NativeBuffer(program.length * 8);
  program.forEach(({ code: opcode, jt, jf, k }, i) => {
    code.view.setUint16(i * 8, opcode, true);
    code.bytes[i * 8 + 2] = jt;
    code.bytes[i * 8 + 3] = jf;
    code.view.setUint32(i * 8 + 4, k, true);
  });
  const header = new NativeBuffer(16); // struct sock_fprog
  header.view.setUint16(0, program.length, true);
  header.view.setBigUint64(8, BigInt(code.ptr), true);
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, header.ptr, 16);
}
