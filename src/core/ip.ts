/** Addresses as text and back. Bytes are in network order; IPv4 takes the first four. Strict: no octal, no short forms. */

/** @returns four bytes, or undefined where the text is no dotted quad without leading zeroes */
export function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const bytes = new Uint8Array(4);
  for (let i = 0; i < 4; i++) {
    if (!/^(0|[1-9]\d{0,2})$/.test(parts[i]) || Number(parts[i]) > 255) return undefined;
    bytes[i] = Number(parts[i]);
  }
  return bytes;
}

/** RFC 4291 §2.2, without zones. @returns sixteen bytes, or undefined */
export function parseIpv6(text: string): Uint8Array | undefined {
  if (text.length > 45) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0], halves.length === 1);
  const tail = halves.length === 2 ? groupsOf(halves[1], true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const bytes = new Uint8Array(16);
  [...head, ...new Array<number>(missing).fill(0), ...tail].forEach((group, i) => {
    bytes[2 * i] = group >> 8;
    bytes[2 * i + 1] = group & 255;
  });
  return bytes;
}

/** Groups of one side of `::`; a dotted quad at the very end counts as two. */
function groupsOf(half: string, mayEndDotted: boolean): number[] | undefined {
  if (half === '') return [];
  const parts = half.split(':');
  const groups: number[] = [];
  for (const [i, part] of parts.entries()) {
    const quad = mayEndDotted && i === parts.length - 1 ? parseIpv4(part) : undefined;
    if (quad !== undefined) groups.push((quad[0] << 8) | quad[1], (quad[2] << 8) | quad[3]);
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

export function ipv4Text(b: Uint8Array, offset = 0): string {
  return `${b[offset]}.${b[offset + 1]}.${b[offset + 2]}.${b[offset + 3]}`;
}

/** The form of RFC 5952, IPv4-mapped addresses with a dotted quad. */
export function ipv6Text(b: Uint8Array): string {
  if (isV4Mapped(b)) return `::ffff:${ipv4Text(b, 12)}`;
  const groups = Array.from({ length: 8 }, (_, i) => (b[2 * i] << 8) | b[2 * i + 1]);
  const { start, length } = longestZeroRun(groups);
  const hex = groups.map((g) => g.toString(16));
  if (length < 2) return hex.join(':'); // §4.2.2: a single zero group is not shortened
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

/** RFC 4291 §2.5.5.2: ::ffff:0:0/96. */
export function isV4Mapped(b: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (b[i] !== 0) return false;
  return b[10] === 0xff && b[11] === 0xff;
}

/** The first of the longest. */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let start = 0;
  let length = 0;
  for (let i = 0; i < groups.length; i++) {
    let n = 0;
    while (i + n < groups.length && groups[i + n] === 0) n++;
    if (n > length) [start, length] = [i, n];
  }
  return { start, length };
}
