/** The server's greeting (Protocol::HandshakeV10) and our answer to it (Protocol::HandshakeResponse41). */
import type { Flavor } from '../../core/role/mysql.js';
import type { PacketReader } from './mysql-packets.js';

/** Capability flags of the protocol. */
export const Capability = {
  LONG_PASSWORD: 1,
  LONG_FLAG: 1 << 2,
  CONNECT_WITH_DB: 1 << 3,
  PROTOCOL_41: 1 << 9,
  SSL: 1 << 11,
  TRANSACTIONS: 1 << 13,
  SECURE_CONNECTION: 1 << 15,
  MULTI_STATEMENTS: 1 << 16,
  MULTI_RESULTS: 1 << 17,
  PLUGIN_AUTH: 1 << 19,
  DEPRECATE_EOF: 1 << 24,
} as const;

const WANTED =
  Capability.LONG_PASSWORD |
  Capability.LONG_FLAG |
  Capability.PROTOCOL_41 |
  Capability.TRANSACTIONS |
  Capability.SECURE_CONNECTION |
  Capability.MULTI_STATEMENTS |
  Capability.MULTI_RESULTS |
  Capability.PLUGIN_AUTH |
  Capability.DEPRECATE_EOF;

const UTF8MB4 = 45;
const PACKET_MAX = 1 << 24;

export interface Greeting {
  readonly version: string;
  readonly flavor: Flavor;
  readonly capabilities: number;
  /** 20 bytes that the password is mixed with. */
  readonly scramble: Buffer;
  readonly plugin: string;
}

/** @returns null for anything that is no greeting of protocol 10 with the abilities that we need */
export function readGreeting(reader: PacketReader): Greeting | null {
  if (reader.integer(1) !== 10) return null;
  const version = reader.zeroTerminated();
  reader.skip(4);
  const firstPart = reader.slice(8);
  reader.skip(1);
  const low = reader.integer(2);
  reader.skip(3);
  const capabilities = low | (reader.integer(2) << 16);
  const length = reader.integer(1);
  reader.skip(10);
  if (reader.isShort) return null;
  const secondPart = reader.slice(Math.min(reader.left, Math.max(13, length - 8))).subarray(0, 12);
  const plugin = reader.zeroTerminated();
  const scramble = Buffer.concat([firstPart, secondPart]);
  const needed = Capability.PROTOCOL_41 | Capability.SECURE_CONNECTION;
  if (scramble.length !== 20 || (capabilities & needed) !== needed) return null;
  // MariaDB before 11 greets as `5.5.5-10.6.1-MariaDB`, for replicas that knew no version 10.
  const flavor = /mariadb/i.test(version) ? 'mariadb' : 'mysql';
  return { version: version.replace(/^5\.5\.5-(?=\d)/, ''), flavor, capabilities, scramble, plugin };
}

/** What of the server's abilities is used. */
export function chosen(greeting: Greeting, isTls: boolean, hasDatabase: boolean): number {
  const extra = (isTls ? Capability.SSL : 0) | (hasDatabase ? Capability.CONNECT_WITH_DB : 0);
  return (WANTED | extra) & greeting.capabilities;
}

/** The head of the login, which alone is what asks for TLS (Protocol::SSLRequest). */
export function loginHead(capabilities: number): Buffer {
  const head = Buffer.alloc(32);
  head.writeUInt32LE(capabilities >>> 0, 0);
  head.writeUInt32LE(PACKET_MAX, 4);
  head[8] = UTF8MB4;
  return head;
}

/** @param proof answer of the authentication plugin, at most 255 bytes */
export function loginPayload(
  capabilities: number,
  user: string,
  proof: Buffer,
  database: string | undefined,
  plugin: string,
): Buffer {
  const zero = Buffer.from([0]);
  const parts = [loginHead(capabilities), Buffer.from(user, 'utf8'), zero, Buffer.from([proof.length]), proof];
  if ((capabilities & Capability.CONNECT_WITH_DB) !== 0) parts.push(Buffer.from(database ?? '', 'utf8'), zero);
  if ((capabilities & Capability.PLUGIN_AUTH) !== 0) parts.push(Buffer.from(plugin, 'latin1'), zero);
  return Buffer.concat(parts);
}
