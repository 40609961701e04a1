/** Every frame that an interface sends or receives, for tests: AF_PACKET with ETH_P_ALL. */
import assert from 'node:assert/strict';
import { NativeBuffer } from '../../../src/linux/memory.js';
import { bindSocket, close, recv, socket } from '../../../src/linux/syscalls.js';

const AF_PACKET = 17;
const SOCK_RAW_NONBLOCK = 3 | 0o4000;
const ETH_P_ALL = 3;

export class Capture {
  readonly #fd: number;
  readonly #buffer = new NativeBuffer(65_536);

  /** Call inside the namespace of the interface. */
  constructor(interfaceIndex: number) {
    this.#fd = socket(AF_PACKET, SOCK_RAW_NONBLOCK, 0);
    assert.ok(this.#fd >= 0);
    this.#buffer.bytes[0] = AF_PACKET;
    this.#buffer.view.setUint16(2, ETH_P_ALL);
    this.#buffer.view.setInt32(4, interfaceIndex, true);
    assert.equal(bindSocket(this.#fd, this.#buffer.ptr, 20), 0);
  }

  /** Frames since the last call whose EtherType is that. */
  frames(etherType: number): Buffer[] {
    const found: Buffer[] = [];
    for (;;) {
      const length = recv(this.#fd, this.#buffer.ptr, this.#buffer.size, 0);
      if (length < 0) return found;
      const frame = Buffer.from(this.#buffer.bytes.slice(0, length));
      if (frame.readUInt16BE(12) === etherType) found.push(frame);
    }
  }

  close(): void {
    close(this.#fd);
  }
}
