/** The least of a PostgreSQL client: one connection, one statement, trust authentication (protocol manual, "Message Flow"). */
import { connect } from 'node:net';

/**
 * @param port where to connect, directly or through a proxy
 * @returns the first column of each row
 * @throws Error with the server's words, when it is refused, reset, or takes longer than `limitMs`
 */
export function query(port: number, sql: string, limitMs = 1000): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const rows: string[] = [];
    let kept = Buffer.alloc(0);
    let isAsked = false;
    const end = (error?: Error) => {
      clearTimeout(timer);
      socket.destroy();
      if (error) reject(error);
      else resolve(rows);
    };
    const timer = setTimeout(() => end(new Error(`no answer within ${limitMs} ms`)), limitMs);
    socket.on('error', end);
    socket.on('close', () => end(new Error('closed before the answer')));
    socket.on('connect', () => socket.write(startup({ user: 'writer', database: 'postgres' })));
    socket.on('data', (bytes) => {
      kept = Buffer.concat([kept, bytes]);
      for (let message = take(); message !== null; message = take()) {
        if (message.type === 'E') end(new Error(errorText(message.body)));
        else if (message.type === 'D') rows.push(firstColumn(message.body));
        else if (message.type === 'Z' && isAsked) end();
        else if (message.type === 'Z') {
          isAsked = true;
          socket.write(framed('Q', Buffer.from(`${sql}\0`)));
        }
      }
    });

    function take(): { type: string; body: Buffer } | null {
      if (kept.length < 5) return null;
      const length = kept.readInt32BE(1) + 1;
      if (kept.length < length) return null;
      const message = { type: String.fromCharCode(kept[0]), body: kept.subarray(5, length) };
      kept = kept.subarray(length);
      return message;
    }
  });
}

function startup(settings: { [name: string]: string }): Buffer {
  const words = Object.entries(settings).flat().join('\0');
  const body = Buffer.concat([Buffer.from([0, 3, 0, 0]), Buffer.from(`${words}\0\0`)]);
  return Buffer.concat([int32(body.length + 4), body]);
}

function framed(type: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function firstColumn(body: Buffer): string {
  const length = body.readInt32BE(2);
  return length < 0 ? '' : body.toString('utf8', 6, 6 + length);
}

/** Fields are a letter and a text each; M is the message. */
function errorText(body: Buffer): string {
  const field = body
    .toString('utf8')
    .split('\0')
    .find((text) => text.startsWith('M'));
  return field?.slice(1) ?? 'an error without a message';
}
