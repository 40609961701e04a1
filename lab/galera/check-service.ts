/**
 * The check on port 9200 that the seed runs as clustercheck under xinetd, as one small service: 200 where the node may
 * take writes, 503 where not. wsrep_local_state (Galera manual): 4 Synced, 2 Donor/Desynced.
 *   not a primary component, or any state but Synced   503
 *   read_only is ON                                    503
 */
import { createServer, type Server } from 'node:http';
import { type Connection, createConnection } from 'mariadb';

interface Settings {
  readonly socket: string;
  /** TCP port on every address of this host, and a unix socket where the lab itself asks. */
  readonly port: number;
  readonly localSocket: string;
  /** Take the traffic also while this node feeds a joining one, or while it is read-only. */
  readonly availableWhenDonor: boolean;
  readonly availableWhenReadonly: boolean;
}

interface Verdict {
  readonly status: 200 | 503;
  readonly body: string;
}

const SYNCED = '4';
const DONOR = '2';
/** A server that does not answer in this time is not synced for anyone. */
const QUERY_TIMEOUT_MS = 1500;

const NOT_SYNCED: Verdict = { status: 503, body: 'Percona XtraDB Cluster Node is not synced.\r\n' };
const READ_ONLY: Verdict = { status: 503, body: 'Percona XtraDB Cluster Node is read-only.\r\n' };
const IS_SYNCED: Verdict = { status: 200, body: 'Percona XtraDB Cluster Node is synced.\r\n' };

/** Runs until it is killed. */
export function serveChecks(settings: Settings): void {
  const ask = createAsker(settings.socket);
  const server = (): Server =>
    createServer(async (_request, response) => {
      const verdict = judge(await ask(), settings);
      response.writeHead(verdict.status, { 'Content-Type': 'text/plain', Connection: 'close' });
      response.end(verdict.body);
    });
  server().listen(settings.port);
  server().listen(settings.localSocket);
}

function judge(facts: ReadonlyMap<string, string> | undefined, settings: Settings): Verdict {
  const state = facts?.get('wsrep_local_state');
  const usable = state === SYNCED || (state === DONOR && settings.availableWhenDonor);
  if (!usable || facts?.get('wsrep_cluster_status') !== 'Primary') return NOT_SYNCED;
  return facts.get('read_only') === 'ON' && !settings.availableWhenReadonly ? READ_ONLY : IS_SYNCED;
}

const QUESTION = `SELECT variable_name AS name, variable_value AS value FROM information_schema.global_status
  WHERE variable_name IN ('WSREP_LOCAL_STATE', 'WSREP_CLUSTER_STATUS')
  UNION ALL SELECT 'read_only', IF(@@global.read_only, 'ON', 'OFF')`;

/** Keeps one connection; @returns a question whose answer is undefined while the server does not answer. */
function createAsker(socket: string): () => Promise<Map<string, string> | undefined> {
  let connection: Connection | undefined;
  return async () => {
    try {
      connection ??= await connect(socket);
      const rows = (await connection.query({ sql: QUESTION, timeout: QUERY_TIMEOUT_MS })) as {
        name: string;
        value: string;
      }[];
      return new Map(rows.map((row) => [row.name.toLowerCase(), row.value]));
    } catch {
      connection?.destroy(); // why does not matter to who asks: the node is not synced; the next question connects anew
      connection = undefined;
      return undefined;
    }
  };
}

async function connect(socket: string): Promise<Connection> {
  const connection = await createConnection({
    socketPath: socket,
    user: 'root',
    connectTimeout: QUERY_TIMEOUT_MS,
  });
  connection.on('error', () => connection.destroy());
  return connection;
}
