/** What a MySQL server says, packet by packet, written after the protocol's documentation. */

export const SCRAMBLE = Buffer.from('abcdefghijklmnopqrst', 'latin1');

export const CAPABILITIES = {
  /** Everything but TLS and DEPRECATE_EOF. */
  old: 0x00_ff_f7_df,
  deprecateEof: 0x01_ff_f7_df,
  tls: 0x01_ff_ff_df,
} as const;

export function packetOf(sequence: number, ...parts: readonly (Buffer | string | readonly number[])[]): Buffer {
  const payload = Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part as Buffer))),
  );
  const head = Buffer.alloc(4);
  head.writeUIntLE(payload.length, 0, 3);
  head[3] = sequence;
  return Buffer.concat([head, payload]);
}

export function greeting(version: string, capabilities: number, plugin: string, scramble = SCRAMBLE): Buffer {
  const low = [capabilities & 0xff, (capabilities >> 8) & 0xff];
  const high = [(capabilities >> 16) & 0xff, (capabilities >> 24) & 0xff];
  const head = [10];
  return packetOf(
    0,
    head,
    `${version}\0`,
    [1, 0, 0, 0],
    scramble.subarray(0, 8),
    [0],
    low,
    [45],
    [2, 0],
    high,
    [21],
    Buffer.alloc(10),
    scramble.subarray(8),
    [0],
    `${plugin}\0`,
  );
}

export function ok(sequence: number, status = 2): Buffer {
  return packetOf(sequence, [0, 0, 0, status & 0xff, status >> 8, 0, 0]);
}

export function error(sequence: number, code: number, message: string): Buffer {
  return packetOf(sequence, [0xff, code & 0xff, code >> 8], `#HY000${message}`);
}

export function switchTo(sequence: number, plugin: string, challenge: Buffer): Buffer {
  return packetOf(sequence, [0xfe], `${plugin}\0`, challenge, [0]);
}

function text(value: string | null): Buffer {
  if (value === null) return Buffer.from([0xfb]);
  const bytes = Buffer.from(value);
  if (bytes.length < 0xfb) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  if (bytes.length > 0xffff)
    return Buffer.concat([
      Buffer.from([0xfd, bytes.length & 0xff, (bytes.length >> 8) & 0xff, bytes.length >> 16]),
      bytes,
    ]);
  return Buffer.concat([Buffer.from([0xfc, bytes.length & 0xff, bytes.length >> 8]), bytes]);
}

const MORE_RESULTS = 0x0008;

/** @param hasEof without DEPRECATE_EOF */
export function resultSet(
  names: readonly string[],
  rows: readonly (readonly (string | null)[])[],
  hasEof: boolean,
  hasMore: boolean,
): Buffer {
  const status = 2 | (hasMore ? MORE_RESULTS : 0);
  const column = (name: string) => [
    ...['def', '', '', '', name, ''].map(text),
    Buffer.from([12, 45, 0, 0, 0, 0, 0, 253, 0, 0, 0, 0, 0]),
  ];
  const payloads = [[Buffer.from([names.length])], ...names.map(column)];
  if (hasEof) payloads.push([Buffer.from([0xfe, 0, 0, 2, 0])]);
  for (const row of rows) payloads.push(row.map(text));
  payloads.push([Buffer.from(hasEof ? [0xfe, 0, 0, status, 0] : [0xfe, 0, 0, status, 0, 0, 0])]);
  return Buffer.concat(payloads.map((parts, i) => packetOf((i + 1) & 0xff, ...parts)));
}
