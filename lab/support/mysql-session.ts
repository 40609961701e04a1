/** A MariaDB connection for the writer. */
import { type Connection, createConnection } from 'mariadb';
import { within } from './wait.js';
import type { WriterTarget, WriteSession } from './writer.js';

/** @param timeoutMs for connecting and for each write; @throws the driver's error */
export async function openMysql(target: WriterTarget, timeoutMs: number): Promise<WriteSession> {
  const { host, port, user, password, table } = target;
  const login = { host, port, user, password, database: 'lab', connectTimeout: timeoutMs };
  const connection = await within(timeoutMs, createConnection(login) as Promise<Connection>);
  connection.on('error', () => connection.destroy());
  const sql = `INSERT INTO ${table} (id) VALUES (?) RETURNING @@wsrep_node_name AS server`;
  return {
    write: (id) => insert(connection, sql, id, timeoutMs),
    close: () => connection.destroy(),
  };
}

async function insert(connection: Connection, sql: string, id: number, timeoutMs: number): Promise<string> {
  // The driver's own query timeout asks the server to watch it; one that vanished cannot.
  const rows = await within(timeoutMs, connection.query(sql, [id]) as Promise<{ server: string }[]>);
  return rows[0].server;
}
