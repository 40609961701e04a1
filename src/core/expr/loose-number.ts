/**
 * How `hdr_val`, `cook_val` and `urlp_val` read a number (observed from HAProxy): up to the first character above `9`;
 * those below `0` count as if they were digits below zero, so that `1.5` is 85; bytes have
 * a sign. 32 bits.
 */
export function looseNumber(text: string): number {
  const isNegative = text.startsWith('-');
  let number = 0;
  for (let i = isNegative ? 1 : 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const digit = (code > 127 ? code - 256 : code) - 48;
    if (digit > 9) break;
    number = (Math.imul(number, 10) + digit) | 0;
  }
  return isNegative ? -number | 0 : number;
}
