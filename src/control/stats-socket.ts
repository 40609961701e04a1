/**
 * The control sockets: `stats socket` lines of the configuration, the daemon's private socket and the master CLI.
 * This file says what the daemon calls.
 */
import type { StatsSocket } from '../config/model.js';
import type { Engine } from './engine.js';

/** An open control socket. */
export interface ControlServer {
  /** As `show cli sockets` prints it: a path, `abns@name`, `1.2.3.4:5`, `[::1]:5`. */
  readonly address: string;
  /** Port bound, for TCP sockets that asked for port 0; else undefined. */
  readonly port?: number;
  /** Stops listening, ends the clients, removes the path. Never rejects. */
  close(): Promise<void>;
}

export interface ControlOptions {
  /**
   * `_getsocks` on a socket with `expose-fd listeners`: hand the listening descriptors over this connected unix socket
   * (blocking or not is up to the callee; the descriptor stays owned by the connection). Without it `_getsocks` fails.
   */
  getSocks?: (fd: number) => void;
  /** Not shown by `show cli sockets`: the daemon's private socket. */
  hidden?: boolean;
}

/**
 * Opens one stats socket. An existing path is replaced the way HAProxy does: bind beside it, then rename over it.
 * @throws Error with a text for the operator: address in use, permission, unknown user
 */
export function startStatsSocket(
  _engine: Engine,
  _socket: StatsSocket,
  _options: ControlOptions = {},
): Promise<ControlServer> {
  return Promise.reject(new Error('not open yet'));
}

/** Opens the master CLI (`-S`): the same process answers as master and as worker 1. @throws as `startStatsSocket` */
export function createMasterCli(
  _engine: Engine,
  _socket: StatsSocket,
  _options: ControlOptions = {},
): Promise<ControlServer> {
  return Promise.reject(new Error('not open yet'));
}
