/** errno to words: the texts of strerror(3), because people know them and HAProxy prints them. */
import koffi from 'koffi';

const strerror = koffi.load('libc.so.6').func('strerror', 'str', ['int']) as unknown as (n: number) => string;

/** @param errno positive, or the negative result of a call in syscalls.ts; @returns `Connection refused` */
export function errnoText(errno: number): string {
  return strerror(Math.abs(errno));
}
