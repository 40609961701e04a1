/**
 * The PROXY protocol, versions 1 and 2 (proxy-protocol.txt, sections 2.1 and 2.2): a strict parser over the first bytes
 * of a connection, and encoders. Any deviation is refused: what claims to be a client's address must not be guessed at.
 */
import { ipv4Text, ipv6Text, parseIpv4, parseIpv6 } from './ip.js';

export type ProxyHeaderResult =
  /** Well begun; the rest is not there yet. */
  | { status: 'need-more' }
  | { status: 'bad'; reason: string }
  | {
      status: 'ok';
      /** Length of the header. */
      bytes: number;
      /** The sender speaks for itself (LOCAL, UNKNOWN): the socket's own addresses hold. */
      local: boolean;
      family: 0 | 4 | 6;
      source: Uint8Array;
      sourcePort: number;
      destination: Uint8Array;
      destinationPort: number;
    };

const NEED_MORE: ProxyHeaderResult = { status: 'need-more' };
const NONE = new Uint8Array(16);
const SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
const V1_MAX = 107;
const V2_FIXED = 16;

/** @param length how many bytes of `buffer` are valid */
export function parseProxyHeader(buffer: Uint8Array, length: number): ProxyHeaderResult {
  if (length === 0) return NEED_MORE;
  if (buffer[0] === SIGNATURE[0]) return parseV2(buffer, length);
  return parseV1(buffer, length);
}

function bad(reason: string): ProxyHeaderResult {
  return { status: 'bad', reason };
}

function local(bytes: number): ProxyHeaderResult {
  return {
    status: 'ok',
    bytes,
    local: true,
    family: 0,
    source: NONE,
    sourcePort: 0,
    destination: NONE,
    destinationPort: 0,
  };
}

function parseV1(buffer: Uint8Array, length: number): ProxyHeaderResult {
  const word = 'PROXY ';
  for (let i = 0; i < Math.min(length, word.length); i++)
    if (buffer[i] !== word.charCodeAt(i)) return bad('does not begin with a PROXY signature');
  const end = buffer.subarray(0, Math.min(length, V1_MAX)).indexOf(0x0a);
  if (end < 0) return length >= V1_MAX ? bad('v1 line longer than 107 bytes') : NEED_MORE;
  if (buffer[end - 1] !== 0x0d) return bad('v1 line does not end in CR LF');
  let line = '';
  for (let i = word.length; i < end - 1; i++) line += String.fromCharCode(buffer[i]);
  return v1Fields(line.split(' '), end + 1);
}

function v1Fields(fields: string[], bytes: number): ProxyHeaderResult {
  if (fields[0] === 'UNKNOWN') return local(bytes);
  if (fields[0] !== 'TCP4' && fields[0] !== 'TCP6')
    return bad(`v1 protocol '${fields[0].slice(0, 8)}' is not TCP4, TCP6 or UNKNOWN`);
  if (fields.length !== 5) return bad('v1 line needs two addresses and two ports, one space apart');
  const family = fields[0] === 'TCP4' ? 4 : 6;
  const source = ipBytes(family, fields[1]);
  const destination = ipBytes(family, fields[2]);
  const sourcePort = parsePort(fields[3]);
  const destinationPort = parsePort(fields[4]);
  if (source === null || destination === null) return bad('v1 address is not valid');
  if (sourcePort < 0 || destinationPort < 0) return bad('v1 port is not valid');
  return { status: 'ok', bytes, local: false, family, source, sourcePort, destination, destinationPort };
}

function parsePort(text: string): number {
  if (!/^(0|[1-9]\d{0,4})$/.test(text)) return -1;
  const port = Number(text);
  return port > 65_535 ? -1 : port;
}

/** In sixteen bytes, whatever the family. */
function ipBytes(family: 4 | 6, text: string): Uint8Array | null {
  const parsed = family === 4 ? parseIpv4(text) : parseIpv6(text);
  if (parsed === undefined) return null;
  if (family === 6) return parsed;
  const bytes = new Uint8Array(16);
  bytes.set(parsed);
  return bytes;
}

function parseV2(buffer: Uint8Array, length: number): ProxyHeaderResult {
  for (let i = 0; i < Math.min(length, SIGNATURE.length); i++)
    if (buffer[i] !== SIGNATURE[i]) return bad('v2 signature is broken');
  if (length < V2_FIXED) return NEED_MORE;
  if (buffer[12] >> 4 !== 2) return bad(`v2 header says version ${buffer[12] >> 4}`);
  const command = buffer[12] & 15;
  if (command > 1) return bad(`v2 command ${command} is neither LOCAL nor PROXY`);
  const bytes = V2_FIXED + ((buffer[14] << 8) | buffer[15]);
  if (length < bytes) return NEED_MORE;
  const wrong = tlvProblem(buffer, bytes);
  if (wrong !== null) return bad(wrong);
  return command === 0 ? local(bytes) : v2Addresses(buffer, bytes);
}

const ADDRESS_BYTES: { readonly [family: number]: number } = { 0: 0, 1: 12, 2: 36, 3: 216 };

function v2Addresses(buffer: Uint8Array, bytes: number): ProxyHeaderResult {
  const family = buffer[13] >> 4;
  if (family === 0 || family === 3) return local(bytes);
  const width = family === 1 ? 4 : 16;
  const source = new Uint8Array(16);
  const destination = new Uint8Array(16);
  source.set(buffer.subarray(V2_FIXED, V2_FIXED + width));
  destination.set(buffer.subarray(V2_FIXED + width, V2_FIXED + 2 * width));
  const ports = V2_FIXED + 2 * width;
  return {
    status: 'ok',
    bytes,
    local: false,
    family: family === 1 ? 4 : 6,
    source,
    sourcePort: (buffer[ports] << 8) | buffer[ports + 1],
    destination,
    destinationPort: (buffer[ports + 2] << 8) | buffer[ports + 3],
  };
}

const TLV_CRC32C = 0x03;

/** Family, room for the addresses, whole TLVs, and the checksum where one is given. */
function tlvProblem(buffer: Uint8Array, bytes: number): string | null {
  const needed = ADDRESS_BYTES[buffer[13] >> 4];
  if (needed === undefined) return `v2 address family ${buffer[13] >> 4} is unknown`;
  if ((buffer[13] & 15) > 2) return `v2 transport ${buffer[13] & 15} is unknown`;
  if ((buffer[12] & 15) === 1 && bytes - V2_FIXED < needed) return 'v2 header is too short for its addresses';
  let at = V2_FIXED + Math.min(needed, bytes - V2_FIXED);
  // Without a family, and for LOCAL, what follows is to be skipped unread (section 2.2).
  if (needed === 0 || (buffer[12] & 15) === 0) return null;
  while (at < bytes) {
    if (at + 3 > bytes) return 'v2 TLV is cut off';
    const size = (buffer[at + 1] << 8) | buffer[at + 2];
    if (at + 3 + size > bytes) return 'v2 TLV is longer than the header';
    if (buffer[at] === TLV_CRC32C && !checksumHolds(buffer, bytes, at + 3, size)) return 'v2 checksum does not match';
    at += 3 + size;
  }
  return null;
}

function checksumHolds(buffer: Uint8Array, bytes: number, at: number, size: number): boolean {
  if (size !== 4) return false;
  const given = ((buffer[at] << 24) | (buffer[at + 1] << 16) | (buffer[at + 2] << 8) | buffer[at + 3]) >>> 0;
  let crc = 0xffffffff;
  for (let i = 0; i < bytes; i++) {
    crc ^= i >= at && i < at + 4 ? 0 : buffer[i];
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1; // CRC32c, reflected
  }
  return (crc ^ 0xffffffff) >>> 0 === given;
}

/** What an encoder says of a connection; family 0 = nothing is known (UNKNOWN, LOCAL). */
export interface ProxyAddresses {
  readonly family: 0 | 4 | 6;
  readonly source: Uint8Array;
  readonly sourcePort: number;
  readonly destination: Uint8Array;
  readonly destinationPort: number;
}

/** @param into at least 107 bytes @returns bytes written */
export function encodeV1(into: Uint8Array, a: ProxyAddresses): number {
  const ip = a.family === 4 ? ipv4Text : ipv6Text;
  const text =
    a.family === 0
      ? 'PROXY UNKNOWN\r\n'
      : `PROXY TCP${a.family} ${ip(a.source)} ${ip(a.destination)} ${a.sourcePort} ${a.destinationPort}\r\n`;
  for (let i = 0; i < text.length; i++) into[i] = text.charCodeAt(i);
  return text.length;
}

/** @param into at least 52 bytes @returns bytes written */
export function encodeV2(into: Uint8Array, a: ProxyAddresses): number {
  into.set(SIGNATURE);
  const width = a.family === 4 ? 4 : 16;
  const payload = a.family === 0 ? 0 : 2 * width + 4;
  into[12] = a.family === 0 ? 0x20 : 0x21;
  into[13] = a.family === 4 ? 0x11 : a.family === 6 ? 0x21 : 0;
  into[14] = payload >> 8;
  into[15] = payload & 255;
  if (a.family === 0) return V2_FIXED;
  into.set(a.source.subarray(0, width), V2_FIXED);
  into.set(a.destination.subarray(0, width), V2_FIXED + width);
  const at = V2_FIXED + 2 * width;
  into[at] = a.sourcePort >> 8;
  into[at + 1] = a.sourcePort & 255;
  into[at + 2] = a.destinationPort >> 8;
  into[at + 3] = a.destinationPort & 255;
  return V2_FIXED + payload;
}
