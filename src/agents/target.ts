/** Where the server of an endpoint is: as written, or where the database's own tools would look. */
import type { AgentEndpoint } from '../config/model.js';
import type { SessionTarget } from '../core/role/session.js';
import type { ClientOptions } from './option-file.js';

/** Ports where nothing is written. */
const PORTS = { galera: 3306, mysql: 3306, postgres: 5432, redis: 6379, patroni: 8008, exec: 0 } as const;

/** Where the packages of Debian, Red Hat and upstream put the server's socket. */
const MYSQL_SOCKETS = ['/run/mysqld/mysqld.sock', '/var/lib/mysql/mysql.sock', '/tmp/mysql.sock'];

export interface Lookups {
  exists(path: string): boolean;
  /** Numeric addresses of a name, the preferred first; none where it does not resolve. */
  resolve(name: string): Promise<string[]>;
}

/** A name or an address and a port, before names are looked up. */
export type Place = SessionTarget;

/** @param options of the client's option files; empty for kinds that have none */
export function placeOf(endpoint: AgentEndpoint, options: ClientOptions, { exists }: Lookups): Place {
  const port = endpoint.check?.restPort ?? PORTS[endpoint.check?.kind ?? 'exec'];
  const { target } = endpoint;
  if (target) return target.port === 0 && !target.host.startsWith('/') ? { ...target, port } : target;
  if (endpoint.kind !== 'clustercheck') return { host: 'localhost', port };
  // To the client, `localhost` is the socket (MariaDB manual, "mariadb command-line client").
  const isLocal = options.host === undefined || options.host === 'localhost';
  if (!isLocal) return { host: options.host!, port: options.port ?? port };
  const socket = options.socket ?? MYSQL_SOCKETS.find(exists);
  return socket === undefined ? { host: '127.0.0.1', port: options.port ?? port } : { host: socket, port: 0 };
}

/** All ways to a place; none where the name does not resolve. */
export async function targetsOf(place: Place, { resolve }: Lookups): Promise<SessionTarget[]> {
  if (place.host.startsWith('/')) return [place];
  return (await resolve(place.host)).map((host) => ({ host, port: place.port }));
}
