/**
 * The check on port 25432 that the seed calls pgsqlchk: 200 where the server takes writes, 503 where not. It logs in
 * anew for every poll, as the original does.
 */
import { createServer } from 'node:http';
import { PostgresSession } from '../support/postgres-session.js';
import { DATABASE_PORT } from './network.js';

interface Settings {
  readonly port: number;
  readonly user: string;
}

/** Longer than the 5 s that the seed's proxy waits: the poller gives up first. */
const QUERY_TIMEOUT_MS = 10_000;

/** Runs until it is killed. */
export function servePostgresChecks({ port, user }: Settings): void {
  createServer(async (_request, response) => {
    const writable = await takesWrites(user);
    response.writeHead(writable ? 200 : 503, { 'Content-Type': 'text/plain', Connection: 'close' });
    response.end(writable ? 'primary\n' : 'not primary\n');
  }).listen(port);
}

async function takesWrites(user: string): Promise<boolean> {
  let session: PostgresSession | undefined;
  try {
    session = await PostgresSession.open({ host: '127.0.0.1', port: DATABASE_PORT }, user, QUERY_TIMEOUT_MS);
    return (await session.query('SHOW transaction_read_only'))[0]?.[0] === 'off';
  } catch {
    return false; // why does not matter to who polls: it may not take the traffic
  } finally {
    session?.close();
  }
}
