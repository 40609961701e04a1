/** Upper and lower case of the letters A to Z; bytes beyond ASCII stay, whatever characters they may stand for. */

const BEYOND = /[^ -~\t\r\n]/;

export function lowerAscii(text: string): string {
  return BEYOND.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text.toLowerCase();
}

export function upperAscii(text: string): string {
  return BEYOND.test(text) ? text.replace(/[a-z]+/g, (letters) => letters.toUpperCase()) : text.toUpperCase();
}
