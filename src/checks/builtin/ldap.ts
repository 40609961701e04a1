/** `option ldap-check`: an anonymous bind of LDAPv3, and the server's BindResponse (RFC 4511 §4.2, BER). */
import { CheckStatus } from '../../core/check-status.js';
import { type Codec, finding } from './finding.js';

/** LDAPMessage 1: BindRequest, version 3, no name, simple authentication without a password. */
export const BIND_REQUEST = Buffer.from('300c020101600702010304008000', 'hex').toString('latin1');

const SEQUENCE = 0x30;
/** INTEGER 1: the id of the message that is answered. */
const MESSAGE_ID = Buffer.from([0x02, 0x01, 0x01]);
const BIND_RESPONSE = 0x61;
/** ENUMERATED of one byte: the result code. */
const RESULT = Buffer.from([0x0a, 0x01]);
/** A BindResponse has at least this many bytes. */
const SHORTEST = 14;
const LENGTH_BYTES_MAX = 4;
const SUCCESS = 0;
const SEE = 'See RFC: http://tools.ietf.org/html/rfc4511#section-4.1.9';

const notLdap = () => finding(CheckStatus.L7RSP, 'Not LDAPv3 protocol');

/** The first byte tells whether it is a message at all; what is in it is looked at once it is whole. */
export const judgeBind: Codec = (received, isFinal) => {
  if (received.length < SHORTEST && !isFinal) return null;
  if (received[0] !== SEQUENCE) return notLdap();
  const message = valueAt(received, 0);
  if (message === null) return isFinal ? finding(CheckStatus.L7RSP) : null;
  if (!message.subarray(0, MESSAGE_ID.length).equals(MESSAGE_ID) || message[MESSAGE_ID.length] !== BIND_RESPONSE)
    return notLdap();
  const response = valueAt(message, MESSAGE_ID.length);
  if (response === null || !response.subarray(0, RESULT.length).equals(RESULT)) return notLdap();
  const code = response[RESULT.length] ?? -1;
  if (code === SUCCESS) return finding(CheckStatus.L7OK, 'Success');
  return code < 0 ? notLdap() : finding(CheckStatus.L7STS, SEE, code);
};

/**
 * The value of the element at an offset. X.690 §8.1.3: a length below 128, or the number of bytes that hold it.
 * @returns null while it is incomplete; one of more than 4 GB never is complete
 */
function valueAt(bytes: Buffer, offset: number): Buffer | null {
  const first = bytes[offset + 1] ?? 0;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  const from = offset + 2 + lengthBytes;
  if (lengthBytes > LENGTH_BYTES_MAX || bytes.length < from) return null;
  const length = lengthBytes === 0 ? first : bytes.readUIntBE(offset + 2, lengthBytes);
  return bytes.length < from + length ? null : bytes.subarray(from, from + length);
}
