/** A MariaDB connection for the writer. */
import { type Connection, createConnection } from 'mariadb';
import type { WriterTarget, WriteSession } from './writer.js';

/** @param timeoutMs for connecting and for each write; @throws the driver's error */
export async function openMysql(target: WriterTarget, timeoutMs: number): Promise<WriteSession> {
  const { host, port, user, password, table } = target;
  const connection = await createConnection({ host, port, user, password, database: 'lab', connectTimeout: timeoutMs });
  connection.on('error', () => connection.destroy());
  const sql = `INSERT INTO ${table} (id) VALUES (?) RETURNING @@wsrep_node_name AS server`;
  return {
    write: (id) => insert(connection, sql, id, timeoutMs),
    close: () => connection.destroy(),
  };
}

async function insert(connection: Connection, sql: string, id: number, timeoutMs: number): Promise<string> {
  // The driver's own query timeout asks the server to watch it; one that vanished cannot.
  const timer = setTimeout(() => connection.destroy(), timeoutMs);
  try {
    const rows = (await connection.query(sql, [id])) as { server: string }[];
    return rows[0].server;
  } finally {
    clearTimeout(timer);
  }
}
