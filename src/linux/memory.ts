/** Memory that system calls may write to: an ArrayBuffer off the JavaScript heap, with its address as a plain number. */
import koffi from 'koffi';

/** The address stays valid as long as the object is reachable: keep it in a field, never only in a local. */
export class NativeBuffer {
  readonly bytes: Uint8Array;
  readonly i32: Int32Array;
  readonly view: DataView;
  readonly ptr: number;
  readonly size: number;

  /** @param size bytes; rounded up to a multiple of 8 */
  constructor(size: number) {
    // At least 128 bytes: V8 keeps small typed arrays on its own heap, where they move.
    const room = Math.max(128, (size + 7) & ~7);
    const memory = new ArrayBuffer(room);
    this.bytes = new Uint8Array(memory);
    this.i32 = new Int32Array(memory);
    this.view = new DataView(memory);
    this.size = room;
    this.ptr = Number(koffi.address(this.bytes));
  }
}
