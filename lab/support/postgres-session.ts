/**
 * Just enough of PostgreSQL's protocol 3.0 (manual, "Frontend/Backend Protocol") for the lab's own accounts, which
 * pg_hba.conf trusts: start-up, simple queries, text rows, errors. What Fairlead speaks is in src/checks; the lab keeps
 * apart from it, so that a fault there cannot hide here.
 */
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import type { WriterTarget, WriteSession } from './writer.js';

const PROTOCOL_3_0 = 196_608;

/** What the server said, with its SQLSTATE as `code`. */
class ServerError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

interface Waiting {
  readonly resolve: (rows: string[][]) => void;
  readonly reject: (error: Error) => void;
}

export class PostgresSession {
  readonly #socket: Socket;
  #buffer = Buffer.alloc(0);
  #rows: string[][] = [];
  #error: ServerError | undefined;
  #waiting: Waiting | undefined;
  #timer: NodeJS.Timeout | undefined;

  private constructor(
    options: NetConnectOpts,
    readonly timeoutMs: number,
  ) {
    this.#socket = connect({ noDelay: true, ...options } as NetConnectOpts);
    this.#socket.on('data', (bytes) => this.#take(bytes));
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new ServerError('CLOSED', 'the connection was closed')));
  }

  /** @param timeoutMs for logging in, and for each query. @throws Error with `code` */
  static async open(options: NetConnectOpts, user: string, timeoutMs: number): Promise<PostgresSession> {
    const session = new PostgresSession(options, timeoutMs);
    await session.#ask(startup(user, 'postgres'));
    return session;
  }

  /** @returns rows of texts; NULL is the empty text */
  query(sql: string): Promise<string[][]> {
    return this.#ask(message('Q', Buffer.from(`${sql}\0`)));
  }

  close(): void {
    this.#socket.destroy();
  }

  #ask(bytes: Buffer): Promise<string[][]> {
    if (this.#socket.destroyed) return Promise.reject(new ServerError('CLOSED', 'the connection was closed'));
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#timer = setTimeout(
        () => this.#fail(new ServerError('TIMEOUT', `no answer in ${this.timeoutMs} ms`)),
        this.timeoutMs,
      );
      this.#socket.write(bytes);
    });
  }

  #take(bytes: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, bytes]);
    while (this.#buffer.length >= 5) {
      const length = this.#buffer.readInt32BE(1);
      if (this.#buffer.length < length + 1) return;
      const body = this.#buffer.subarray(5, length + 1);
      const type = String.fromCharCode(this.#buffer[0]);
      this.#buffer = this.#buffer.subarray(length + 1);
      this.#onMessage(type, body);
    }
  }

  #onMessage(type: string, body: Buffer): void {
    if (type === 'D') this.#rows.push(dataRow(body));
    if (type === 'E') this.#error = errorResponse(body);
    if (type === 'R' && body.readInt32BE(0) !== 0)
      this.#error = new ServerError('AUTH', 'the lab account is not trusted');
    if (type === 'Z') this.#settle();
  }

  /** ReadyForQuery: the transaction is over, the answer complete. */
  #settle(): void {
    const [waiting, rows, error] = [this.#waiting, this.#rows, this.#error];
    this.#waiting = undefined;
    this.#rows = [];
    this.#error = undefined;
    clearTimeout(this.#timer);
    if (error === undefined) waiting?.resolve(rows);
    else waiting?.reject(error);
  }

  /** A FATAL error comes without ReadyForQuery, just before the end. */
  #fail(error: Error): void {
    clearTimeout(this.#timer);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(this.#error ?? error);
    this.#socket.destroy();
  }
}

/** A session for the writer. */
export async function openPostgres(target: WriterTarget, timeoutMs: number): Promise<WriteSession> {
  const session = await PostgresSession.open(target, target.user, timeoutMs);
  const write = async (id: number) => {
    const sql = `INSERT INTO ${target.table} (id) VALUES (${id}) RETURNING current_setting('cluster_name')`;
    return (await session.query(sql))[0][0];
  };
  return { write, close: () => session.close() };
}

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

function startup(user: string, database: string): Buffer {
  const words = Buffer.from(`user\0${user}\0database\0${database}\0\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(words.length + 8, 0);
  head.writeInt32BE(PROTOCOL_3_0, 4);
  return Buffer.concat([head, words]);
}

function dataRow(body: Buffer): string[] {
  const row: string[] = [];
  for (let n = body.readInt16BE(0), at = 2; n > 0; n--) {
    const length = body.readInt32BE(at);
    row.push(length < 0 ? '' : body.toString('utf8', at + 4, at + 4 + length));
    at += 4 + Math.max(0, length);
  }
  return row;
}

/** Fields of an ErrorResponse: a letter, a text, a zero; C is the SQLSTATE, M the message. */
function errorResponse(body: Buffer): ServerError {
  const fields = new Map(
    body
      .toString('utf8')
      .split('\0')
      .filter((field) => field !== '')
      .map((field) => [field[0], field.slice(1)]),
  );
  return new ServerError(fields.get('C') ?? 'unknown', fields.get('M') ?? '');
}
