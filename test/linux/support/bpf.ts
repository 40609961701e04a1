/** What a classic BPF program says of a packet, for tests: the instructions that src/linux/bpf.ts can make. */
import assert from 'node:assert/strict';
import type { BpfProgram } from '../../../src/linux/bpf.js';

/** @returns how many bytes of it pass; 0 = refused */
export function interpret(program: BpfProgram, packet: Uint8Array): number {
  let accumulator = 0;
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  for (let at = 0; ; at++) {
    assert.ok(at < program.length, 'runs off its end');
    const { code, jt, jf, k } = program[at];
    assert.ok(jt < 256 && jf < 256, 'jumps further than eight bits');
    if (code === 0x06) return k;
    if (code === 0x05) at += k;
    else if (code === 0x15) at += accumulator === k ? jt : jf;
    else if (code === 0x45) at += (accumulator & k) !== 0 ? jt : jf;
    else {
      const size = code === 0x30 ? 1 : code === 0x28 ? 2 : 4;
      assert.ok([0x30, 0x28, 0x20].includes(code), `unknown instruction ${code}`);
      if (k + size > packet.length) return 0;
      accumulator = size === 1 ? view.getUint8(k) : size === 2 ? view.getUint16(k) : view.getUint32(k);
    }
  }
}
