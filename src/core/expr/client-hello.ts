/**
 * The first message of a TLS client, as far as rules look into it: its type and the name it asks for (RFC 8446 §4.1.2,
 * §4.2, §5.1; RFC 6066 §3). Nothing is decrypted; a hello that spans several records is read as far as the first goes.
 */
const RECORD_HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const EXTENSION_SERVER_NAME = 0;
const EXTENSION_ALPN = 16;

export interface Hello {
  /** `partial`: more bytes may make it a hello. `none`: they cannot. */
  readonly status: 'none' | 'partial' | 'complete';
  readonly type: number;
  /** Its extensions by type, where they lie in the bytes. */
  readonly extensions: ReadonlyMap<number, readonly [from: number, to: number]>;
}

const NO_EXTENSIONS: Hello['extensions'] = new Map();
const NONE: Hello = { status: 'none', type: 0, extensions: NO_EXTENSIONS };
const PARTIAL: Hello = { status: 'partial', type: 0, extensions: NO_EXTENSIONS };

/** @param length how many of the bytes are there */
export function parseHello(bytes: Uint8Array, length: number): Hello {
  if (length > 0 && bytes[0] !== RECORD_HANDSHAKE) return NONE;
  if (length > 1 && bytes[1] < 3) return NONE;
  if (length < 9) return PARTIAL;
  const recordEnd = 5 + u16(bytes, 3);
  const end = 9 + bytes[6] * 65_536 + u16(bytes, 7);
  if (recordEnd < 9 || end > recordEnd) return NONE;
  if (length < end) return PARTIAL;
  const type = bytes[5];
  if (type !== CLIENT_HELLO) return { status: 'complete', type, extensions: NO_EXTENSIONS };
  return { status: 'complete', type, extensions: extensionsOf(bytes, end) };
}

/** Past version, random, session id, cipher suites and compression methods. */
function extensionsOf(bytes: Uint8Array, end: number): Hello['extensions'] {
  const found = new Map<number, readonly [number, number]>();
  let at = 9 + 2 + 32;
  if (at < end) at += 1 + bytes[at];
  if (at + 1 < end) at += 2 + u16(bytes, at);
  if (at < end) at += 1 + bytes[at];
  if (at + 2 > end || at + 2 + u16(bytes, at) > end) return found;
  const last = at + 2 + u16(bytes, at);
  for (at += 2; at + 4 <= last; ) {
    const to = at + 4 + u16(bytes, at + 2);
    if (to > last) return found;
    if (!found.has(u16(bytes, at))) found.set(u16(bytes, at), [at + 4, to]);
    at = to;
  }
  return found;
}

/** The host name of the server name extension. @returns undefined where none is sent */
export function serverName(bytes: Uint8Array, hello: Hello): string | undefined {
  const extension = hello.extensions.get(EXTENSION_SERVER_NAME);
  if (extension === undefined) return undefined;
  const [from, to] = extension;
  if (to - from < 5 || bytes[from + 2] !== 0) return undefined;
  const nameEnd = from + 5 + u16(bytes, from + 3);
  return nameEnd > to ? undefined : textOf(bytes, from + 5, nameEnd);
}

/** The first protocol of the ALPN extension. @returns undefined where none is sent */
export function firstProtocol(bytes: Uint8Array, hello: Hello): string | undefined {
  const extension = hello.extensions.get(EXTENSION_ALPN);
  if (extension === undefined) return undefined;
  const [from, to] = extension;
  if (to - from < 3) return undefined;
  const end = from + 3 + bytes[from + 2];
  return end > to ? undefined : textOf(bytes, from + 3, end);
}

/** One character a byte. */
export function textOf(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i++) text += String.fromCharCode(bytes[i]);
  return text;
}

function u16(bytes: Uint8Array, at: number): number {
  return bytes[at] * 256 + bytes[at + 1];
}
