/**
 * MariaDB connections over a socket of our own. The driver's own way to give up a statement opens a second connection
 * to the same address and sends KILL with the thread's number: through a proxy that may reach another server, and end
 * somebody else's session there.
 */
import { connect, type NetConnectOpts } from 'node:net';
import { type Connection, createConnection } from 'mariadb';
import { within } from './wait.js';
import type { WriterTarget, WriteSession } from './writer.js';

interface Login {
  readonly user: string;
  readonly password?: string;
  readonly database?: string;
}

export interface MysqlConnection {
  readonly query: (sql: string, values?: readonly unknown[]) => Promise<unknown>;
  /** At once, whatever is under way; nobody is told. */
  readonly hangUp: () => void;
}

/** @param timeoutMs for connecting and for each query. @throws the driver's error, or one with code `TIMEOUT` */
export async function connectMysql(where: NetConnectOpts, login: Login, timeoutMs: number): Promise<MysqlConnection> {
  const socket = connect({ noDelay: true, ...where } as NetConnectOpts);
  const options = { ...login, connectTimeout: timeoutMs };
  const opening = createConnection({ ...options, stream: (take) => take(undefined, socket) }) as Promise<Connection>;
  const connection = await within(timeoutMs, opening).catch((error: unknown) => {
    socket.destroy();
    throw error;
  });
  connection.on('error', () => socket.destroy());
  return {
    query: (sql, values) => within(timeoutMs, connection.query(sql, values) as Promise<unknown>),
    hangUp: () => socket.destroy(),
  };
}

/** A session for the writer. */
export async function openMysql(target: WriterTarget, timeoutMs: number): Promise<WriteSession> {
  const { host, port, user, password, table } = target;
  const connection = await connectMysql({ host, port }, { user, password, database: 'lab' }, timeoutMs);
  const sql = `INSERT INTO ${table} (id) VALUES (?) RETURNING @@wsrep_node_name AS server`;
  return {
    write: async (id) => ((await connection.query(sql, [id])) as { server: string }[])[0].server,
    close: connection.hangUp,
  };
}
