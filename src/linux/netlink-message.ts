/**
 * The grammar of netlink(7): messages, and attributes within them (type, length, value, padded to four bytes), as bytes
 * in and bytes out. No socket here. Numbers are in host order, which is little-endian on every machine we run on.
 */

export const HEADER_BYTES = 16; // struct nlmsghdr: u32 length, u16 type, u16 flags, u32 sequence, u32 port
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_DUMP = 0x300;
export const NLM_F_CREATE = 0x400;
/** Flags in the type of an attribute: NLA_F_NESTED, NLA_F_NET_BYTEORDER. */
const TYPE_MASK = 0x3fff;
const NESTED = 0x8000;

export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** Behind the header, without padding. */
  readonly body: Uint8Array;
}

/** Attributes by type; of two with one type the later counts, as in the kernel. */
export type Attributes = ReadonlyMap<number, Uint8Array>;

function padded(length: number): number {
  return (length + 3) & ~3;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** One message with sequence 0; `number` it before it is sent. */
export function netlinkMessage(type: number, flags: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + padded(part.length), HEADER_BYTES);
  const bytes = new Uint8Array(length);
  const view = viewOf(bytes);
  view.setUint32(0, length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  let at = HEADER_BYTES;
  for (const part of parts) {
    bytes.set(part, at);
    at += padded(part.length);
  }
  return bytes;
}

/** Writes the sequence number into a message. */
export function numberMessage(message: Uint8Array, sequence: number): void {
  viewOf(message).setUint32(8, sequence, true);
}

export function attribute(type: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(padded(4 + value.length));
  const view = viewOf(bytes);
  view.setUint16(0, 4 + value.length, true);
  view.setUint16(2, type, true);
  bytes.set(value, 4);
  return bytes;
}

export function u8Attribute(type: number, value: number): Uint8Array {
  return attribute(type, Uint8Array.of(value));
}

export function u32Attribute(type: number, value: number): Uint8Array {
  return attribute(type, u32(value));
}

/** With the zero byte at its end that names of interfaces need. */
export function textAttribute(type: number, text: string): Uint8Array {
  return attribute(type, Buffer.from(`${text}\0`));
}

export function nestedAttribute(type: number, ...inner: readonly Uint8Array[]): Uint8Array {
  return attribute(type | NESTED, Buffer.concat(inner));
}

export function u32(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = viewOf(bytes);
  values.forEach((value, i) => {
    view.setUint32(i * 4, value, true);
  });
  return bytes;
}

/**
 * The messages of one datagram. What is behind a length that cannot be is left out: `isWhole` is false then.
 * The bodies are views of `bytes`.
 */
export function splitMessages(bytes: Uint8Array): { messages: NetlinkMessage[]; isWhole: boolean } {
  const view = viewOf(bytes);
  const messages: NetlinkMessage[] = [];
  let at = 0;
  while (at + HEADER_BYTES <= bytes.length) {
    const length = view.getUint32(at, true);
    if (length < HEADER_BYTES || at + length > bytes.length) return { messages, isWhole: false };
    messages.push({
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      body: bytes.subarray(at + HEADER_BYTES, at + length),
    });
    at += padded(length);
  }
  return { messages, isWhole: at >= bytes.length };
}

/** Attributes from `offset` on, up to the first whose length cannot be. The values are views of `bytes`. */
export function attributesOf(bytes: Uint8Array, offset: number): Attributes {
  const view = viewOf(bytes);
  const found = new Map<number, Uint8Array>();
  let at = offset;
  while (at + 4 <= bytes.length) {
    const length = view.getUint16(at, true);
    if (length < 4 || at + length > bytes.length) break;
    found.set(view.getUint16(at + 2, true) & TYPE_MASK, bytes.subarray(at + 4, at + length));
    at += padded(length);
  }
  return found;
}

/** Attributes inside an attribute; none where it is absent. */
export function nestedIn(attributes: Attributes, type: number): Attributes {
  const value = attributes.get(type);
  return value === undefined ? new Map() : attributesOf(value, 0);
}

export function u8Of(attributes: Attributes, type: number): number | undefined {
  return attributes.get(type)?.[0];
}

export function u32Of(attributes: Attributes, type: number): number | undefined {
  const value = attributes.get(type);
  return value === undefined || value.length < 4 ? undefined : viewOf(value).getUint32(0, true);
}

/** Up to the first zero byte; '' where it is absent. */
export function textOf(attributes: Attributes, type: number): string {
  const value = attributes.get(type);
  if (value === undefined) return '';
  const end = value.indexOf(0);
  return Buffer.from(end < 0 ? value : value.subarray(0, end)).toString();
}

/**
 * The verdict of an NLMSG_ERROR or NLMSG_DONE message, and the kernel's own words where it has some (NETLINK_EXT_ACK).
 * @returns `errno` 0 or negative
 */
export function verdictOf(message: NetlinkMessage): { errno: number; text: string } {
  const { body } = message;
  if (body.length < 4) return { errno: 0, text: '' };
  // NLMSG_ERROR holds the errno and the header of the request; NETLINK_CAP_ACK keeps the rest of the request away.
  const offset = message.type === NLMSG_ERROR ? 4 + HEADER_BYTES : 4;
  return { errno: Math.min(0, viewOf(body).getInt32(0, true)), text: textOf(attributesOf(body, offset), 1) };
}
