/**
 * `option ssl-hello-chk`: a ClientHello of SSLv3 (RFC 6101 §5.6.1.2), byte for byte HAProxy's. It is no handshake: a
 * server that answers with a record of TLS, be it an alert, speaks it.
 */

/** Where the client's time of day stands: the first 4 bytes of its random. */
export const HELLO_TIME_AT = 11;

const SSL3 = [0x03, 0x00];
const HANDSHAKE = 0x16;
const CLIENT_HELLO = 0x01;
/** The other 28 bytes of the random say who asks, to whom it may concern. */
const RANDOM = Buffer.from('HAPROXYSSLCHK\nHAPROXYSSLCHK\n', 'latin1');
/** The cipher suites of the specification's appendix, and those of RFC 3268 that came with AES. */
const CIPHERS = [...range(0x01, 0x1b), ...range(0x2f, 0x3a)];

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** @returns the record as a latin1 string, with a time of 0 */
export function clientHello(): string {
  const ciphers = CIPHERS.flatMap((id) => [0, id]);
  const session = [0];
  const compression = [1, 0];
  const body = [...SSL3, 0, 0, 0, 0, ...RANDOM, ...session, ...sized(ciphers), ...compression];
  const message = [CLIENT_HELLO, 0, ...sized(body)];
  return Buffer.from([HANDSHAKE, ...SSL3, ...sized(message)]).toString('latin1');
}

/** Behind their length in 2 bytes. */
function sized(bytes: number[]): number[] {
  return [bytes.length >> 8, bytes.length & 0xff, ...bytes];
}
