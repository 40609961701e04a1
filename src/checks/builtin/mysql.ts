/**
 * `option mysql-check`: the login packet it sends, and the server's greeting and its answer to the login (MySQL
 * client/server protocol, connection phase). A packet is a length of 3 bytes, a sequence number, and that many bytes;
 * behind 0xff stands an error: its number in 2 bytes, then its text to the end.
 */
import { CheckStatus } from '../../core/check-status.js';
import { type Codec, type Finding, finding } from './finding.js';

const HEADER = 4;
const ERROR = 0xff;
/** CLIENT_PROTOCOL_41 | CLIENT_SECURE_CONNECTION, longest packet, character set utf8, 23 bytes of nothing. */
const SINCE_41 = Buffer.from(`0082000000800001 21 ${'00'.repeat(23)}`.replaceAll(' ', ''), 'hex');
/** CLIENT_SECURE_CONNECTION, longest packet in 3 bytes. */
const BEFORE_41 = Buffer.from('0080000001', 'hex');
const COM_QUIT = Buffer.from('0100000001', 'hex');

/**
 * The login without a password, and the goodbye right behind it, as a latin1 string.
 * @param pre41 as clients before 4.1 log in
 */
export function loginPackets(user: string, pre41: boolean): string {
  const body = Buffer.concat([pre41 ? BEFORE_41 : SINCE_41, Buffer.from(`${user}\0\0`, 'utf8')]);
  const header = Buffer.from([body.length & 0xff, (body.length >> 8) & 0xff, body.length >> 16, 1]);
  return Buffer.concat([header, body, COM_QUIT]).toString('latin1');
}

/** The greeting; it names the version of the server. */
export const judgeGreeting: Codec = (received, isFinal) => {
  const greeting = packetAt(received, 0);
  if (greeting === null) return isFinal ? finding(CheckStatus.L7RSP) : null;
  return errorOf(greeting) ?? finding(CheckStatus.L7OK, versionOf(greeting));
};

/** The answer to the login: any packet behind the greeting that is no error. A request for a password is none. */
export const judgeLogin: Codec = (received, isFinal) => {
  const greeting = packetAt(received, 0);
  const answer = greeting && packetAt(received, HEADER + greeting.length);
  if (greeting === null || answer === null) return isFinal ? finding(CheckStatus.L7RSP) : null;
  return errorOf(answer) ?? finding(CheckStatus.L7OK, versionOf(greeting));
};

/** Contents of the packet at an offset; null while it is incomplete. */
function packetAt(bytes: Buffer, offset: number): Buffer | null {
  if (bytes.length < offset + HEADER) return null;
  const length = bytes.readUIntLE(offset, 3);
  const from = offset + HEADER;
  return bytes.length < from + length ? null : bytes.subarray(from, from + length);
}

function errorOf(packet: Buffer): Finding | null {
  if (packet[0] !== ERROR) return null;
  const code = packet.length < 3 ? 0 : packet.readUInt16LE(1);
  return finding(CheckStatus.L7STS, packet.toString('latin1', 3), code);
}

/** Behind the protocol version, to the first 0. */
function versionOf(greeting: Buffer): string {
  const end = greeting.indexOf(0, 1);
  return greeting.toString('latin1', 1, end < 0 ? greeting.length : end);
}
