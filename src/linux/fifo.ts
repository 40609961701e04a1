/** Named pipes (fifo(7)). */
import koffi from 'koffi';
import { errnoText } from './errors.js';

const mkfifo = koffi.load('libc.so.6').func('mkfifo', 'int', ['str', 'uint']) as unknown as (
  path: string,
  mode: number,
) => number;

/** @throws Error that says what went wrong */
export function makeFifo(path: string, mode: number): void {
  if (mkfifo(path, mode) < 0) throw new Error(`it cannot be made: ${errnoText(koffi.errno())}`);
}
