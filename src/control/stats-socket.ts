/**
 * The control sockets: `stats socket` lines of the configuration, the daemon's private socket and the master CLI.
 * This file accepts; what is said on a connection is in cli-session.ts, what a command does in commands/.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { DEFAULT_STATS_MAXCONN, DEFAULT_STATS_TIMEOUT_MS } from '../config/defaults.js';
import type { StatsSocket } from '../config/model.js';
import { addressText } from '../config/names.js';
import { CliSession } from './cli-session.js';
import type { ClientState, OpenSocket } from './command.js';
import type { Engine } from './engine.js';
import { SampledFigures } from './figures.js';
import { type Interpreter, type Shared, WorkerInterpreter } from './interpreter.js';
import { type Listening, listenOn } from './listen.js';
import { MasterInterpreter } from './master-cli.js';

/** An open control socket. */
export interface ControlServer {
  /** As `show cli sockets` prints it: `unix@/path`, `abns@name`, `ipv4@1.2.3.4:5`, `ipv6@[::1]:5`. */
  readonly address: string;
  /** Port bound, for TCP sockets that asked for port 0; else undefined. */
  readonly port?: number;
  /**
   * Stops listening, removes the path and ends the clients; one that is being answered (it may be the one that asked
   * for the reload that closes this socket) gets its answer first, and is not waited for. Never rejects.
   */
  close(): Promise<void>;
}

export interface ControlOptions {
  /**
   * `_getsocks` on a socket with `expose-fd listeners`: hand the listening descriptors over this connected unix socket
   * (blocking or not is up to the callee; the descriptor stays owned by the connection). Without it `_getsocks` fails.
   */
  getSocks?: (fd: number) => void;
  /** Not shown by `show cli sockets`, and not counted for `stats maxconn`: the daemon's private socket. */
  hidden?: boolean;
  /** Clients wait unread until then; without it they are served at once. */
  after?: Promise<void>;
  /** Gets errors of our own (a command that failed unexpectedly); they end that connection only. */
  onError?: (error: unknown) => void;
}

/** What the sockets of one engine share. */
interface Registry {
  readonly sockets: OpenSocket[];
  readonly shared: Shared;
  readonly gate: Gate;
}

const REGISTRIES = new WeakMap<Engine, Registry>();

function registryOf(engine: Engine): Registry {
  const known = REGISTRIES.get(engine);
  if (known) return known;
  const sockets: OpenSocket[] = [];
  const shared: Shared = { engine, sockets, figures: new SampledFigures(engine, Date.now), now: Date.now };
  const limit = () => engine.model.global.statsMaxconn ?? DEFAULT_STATS_MAXCONN;
  const registry = { sockets, shared, gate: new Gate(limit) };
  REGISTRIES.set(engine, registry);
  return registry;
}

/** Clients beyond `stats maxconn` wait unread, as they would in the backlog; beyond a bound they are closed. */
class Gate {
  private inside = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly limit: () => number) {}

  enter(socket: Socket, admit: () => void): void {
    if (this.inside < this.limit()) this.admit(socket, admit);
    else if (this.waiting.length < 10 * this.limit()) this.waiting.push(() => this.admit(socket, admit));
    else socket.destroy();
  }

  private admit(socket: Socket, admit: () => void): void {
    if (socket.destroyed) {
      this.next();
      return;
    }
    this.inside++;
    socket.once('close', () => {
      this.inside--;
      this.next();
    });
    admit();
  }

  private next(): void {
    if (this.inside < this.limit()) this.waiting.shift()?.();
  }
}

/**
 * Opens one stats socket. An existing path is replaced the way HAProxy does: bind beside it, then rename over it.
 * @throws Error with a text for the operator: address in use, permission, unknown user
 */
export function startStatsSocket(
  engine: Engine,
  socket: StatsSocket,
  options: ControlOptions = {},
): Promise<ControlServer> {
  return open(engine, socket, options, (shared, client) => new WorkerInterpreter(shared, client));
}

/** Opens the master CLI (`-S`): the same process answers as master and as worker 1. @throws as `startStatsSocket` */
export function createMasterCli(
  engine: Engine,
  socket: StatsSocket,
  options: ControlOptions = {},
): Promise<ControlServer> {
  return open(engine, socket, { ...options, hidden: true }, (shared, client) => new MasterInterpreter(shared, client));
}

type MakeInterpreter = (shared: Shared, client: ClientState) => Interpreter;

async function open(
  engine: Engine,
  socket: StatsSocket,
  options: ControlOptions,
  make: MakeInterpreter,
): Promise<ControlServer> {
  const registry = registryOf(engine);
  const gate = options.hidden ? new Gate(() => 64) : registry.gate;
  const clients: Clients = new Map();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (connection) => {
    track(clients, connection);
    const admit = () => clients.set(connection, serve(connection, registry, socket, options, make));
    if (options.after) void options.after.then(() => gate.enter(connection, admit));
    else gate.enter(connection, admit);
  });
  const listening = await listenOn(server, socket);
  const entry: OpenSocket = { text: listening.text, level: socket.level };
  if (!options.hidden) registry.sockets.push(entry);
  return {
    address: listening.text,
    port: listening.port,
    close: async () => {
      remove(registry.sockets, entry);
      close(server, listening, clients);
    },
  };
}

/** Connections, with their session once they have come through the gate. */
type Clients = Map<Socket, CliSession | undefined>;

function track(clients: Clients, connection: Socket): void {
  clients.set(connection, undefined);
  connection.on('close', () => clients.delete(connection));
  // A client that resets the connection is its own affair: 'close' follows and cleans up.
  connection.on('error', () => connection.destroy());
}

function serve(
  connection: Socket,
  registry: Registry,
  socket: StatsSocket,
  options: ControlOptions,
  make: MakeInterpreter,
): CliSession {
  const timeoutMs = registry.shared.engine.model.global.statsTimeoutMs ?? DEFAULT_STATS_TIMEOUT_MS;
  const interpreter = make(registry.shared, {
    level: socket.level,
    timeoutMs,
    severity: 'none',
    origin: originOf(connection, socket),
  });
  const getSocks = socket.exposeFdListeners ? options.getSocks : undefined;
  const report = options.onError ?? ((error: unknown) => console.error('control socket:', error));
  const session = new CliSession(connection, { interpreter, getSocks, report });
  session.start();
  connection.resume();
  return session;
}

/** A client over TCP has an address; over a unix socket the path is what tells users apart. */
function originOf({ remoteAddress, remotePort }: Socket, { address }: StatsSocket): string {
  return remoteAddress === undefined ? addressText(address) : `${remoteAddress}:${remotePort}`;
}

function close(server: Server, listening: Listening, clients: Clients): void {
  listening.cleanUp();
  server.close();
  for (const [connection, session] of clients) {
    if (session) session.retire();
    else connection.destroy();
  }
}

function remove<T>(list: T[], item: T): void {
  const at = list.indexOf(item);
  if (at >= 0) list.splice(at, 1);
}
