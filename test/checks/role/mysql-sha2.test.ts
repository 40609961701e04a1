/**
 * caching_sha2_password, MySQL 8's default, which MariaDB's servers do not have: a small server of our own asks for it.
 * The MariaDB connector, written by others, must get past the same server.
 */
import assert from 'node:assert/strict';
import { constants, createHash, generateKeyPairSync, privateDecrypt } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createConnection } from 'mariadb';
import { CAPABILITIES, error, greeting, ok, packetOf, resultSet, SCRAMBLE, switchTo } from './mysql-server.js';
import { PASSWORD, type Place, session } from './sessions.js';

const PLUGIN = 'caching_sha2_password';
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

interface Manners {
  /** The password is in the server's cache: the proof is enough. */
  readonly isCached: boolean;
}

/** Sets who takes the client's next packet. */
type Then = (next: (payload: Buffer, sequence: number) => void) => void;

/** Speaks as MySQL 8 does, to one statement at a time. */
class Sha2Server {
  logins = 0;

  constructor(private readonly manners: Manners) {}

  async listen(t: TestContext): Promise<Place> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      this.serve(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  }

  private serve(socket: Socket): void {
    let received = Buffer.alloc(0);
    let answer = (payload: Buffer, sequence: number) => this.login(payload, sequence, socket, then);
    const then = (next: (payload: Buffer, sequence: number) => void) => {
      answer = next;
    };
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes]);
      for (let length = whole(received); length > 0; length = whole(received)) {
        const [payload, sequence] = [received.subarray(4, length), received[3]];
        received = received.subarray(length);
        answer(payload, sequence);
      }
    });
    socket.write(greeting('8.0.36', CAPABILITIES.deprecateEof, PLUGIN));
  }

  private login(payload: Buffer, sequence: number, socket: Socket, then: Then): void {
    const at = payload.indexOf(0, 32) + 1;
    if (payload.includes(PLUGIN)) {
      this.prove(payload.subarray(at + 1, at + 1 + payload[at]), sequence, socket, then);
      return;
    }
    // A client that began with another plugin, as the connector does.
    socket.write(switchTo(sequence + 1, PLUGIN, SCRAMBLE));
    then((proof, next) => this.prove(proof, next, socket, then));
  }

  private prove(proof: Buffer, sequence: number, socket: Socket, then: Then): void {
    if (this.manners.isCached) {
      this.end(proof.equals(expectedProof()), sequence, socket, then, packetOf(sequence + 1, [1, 3]));
      return;
    }
    socket.write(packetOf(sequence + 1, [1, 4]));
    then((request, next) => {
      assert.deepEqual([...request], [2], 'a request for the public key');
      socket.write(packetOf(next + 1, [1], publicKey.export({ type: 'spki', format: 'pem' }) as string));
      then((encrypted, last) => this.end(isPassword(encrypted), last, socket, then, Buffer.alloc(0)));
    });
  }

  private end(isRight: boolean, sequence: number, socket: Socket, then: Then, before: Buffer): void {
    if (!isRight) {
      socket.end(error(sequence + 1, 1045, "Access denied for user 'checker'@'h' (using password: YES)"));
      return;
    }
    this.logins++;
    const number = sequence + (before.length > 0 ? 2 : 1);
    socket.write(Buffer.concat([before, ok(number)]));
    then((statement) => socket.write(answerTo(statement.toString('utf8', 1))));
  }
}

function whole(bytes: Buffer): number {
  const length = bytes.length < 4 ? 0 : 4 + bytes.readUIntLE(0, 3);
  return length > 0 && bytes.length >= length ? length : 0;
}

/** The documentation's formula: XOR(SHA256(password), SHA256(SHA256(SHA256(password)), scramble)). */
function expectedProof(): Buffer {
  const sha = (...parts: Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
  const once = sha(Buffer.from(PASSWORD));
  const mask = sha(sha(sha(Buffer.from(PASSWORD))), SCRAMBLE);
  return Buffer.from(once.map((byte, i) => byte ^ mask[i]));
}

function isPassword(encrypted: Buffer): boolean {
  const mixed = privateDecrypt({ key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING }, encrypted);
  const text = Buffer.from(mixed.map((byte, i) => byte ^ SCRAMBLE[i % SCRAMBLE.length])).toString();
  return text === `${PASSWORD}\0`;
}

function answerTo(statement: string): Buffer {
  if (statement.startsWith('SHOW GLOBAL VARIABLES'))
    return resultSet(
      ['Variable_name', 'Value'],
      [
        ['read_only', 'OFF'],
        ['super_read_only', 'OFF'],
        ['server_uuid', 'u'],
      ],
      false,
      false,
    );
  if (statement.startsWith('SELECT @@global.read_only'))
    return Buffer.concat([
      resultSet(['a', 'b', 'c'], [['0', '0', 'u']], false, true),
      resultSet(['Replica_IO_Running', 'Replica_SQL_Running'], [], false, false),
    ]);
  return ok(1);
}

for (const isCached of [true, false]) {
  const how = isCached ? 'known to the server' : 'under its RSA key';
  test(`the password, ${how}`, async (t) => {
    const server = new Sha2Server({ isCached });
    const place = await server.listen(t);
    assert.equal(await session(t, 'mysql', place).outcome(), 'L7OK primary');
    assert.equal(server.logins, 1);
  });

  test(`a wrong one, ${how}`, async (t) => {
    const place = await new Sha2Server({ isCached }).listen(t);
    const outcome = await session(t, 'mysql', place, {}, 'falsch').outcome();
    assert.match(outcome, /^L7STS access denied for user 'checker'/);
  });

  test(`the MariaDB connector gets in as well, ${how}`, async (t) => {
    const server = new Sha2Server({ isCached });
    const place = await server.listen(t);
    const connection = await createConnection({
      ...place,
      user: 'checker',
      password: PASSWORD,
      allowPublicKeyRetrieval: true,
      connectTimeout: 5000,
    });
    connection.on('error', () => connection.destroy());
    assert.equal(server.logins, 1);
    connection.destroy();
  });
}
