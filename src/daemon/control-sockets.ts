/** The control endpoints of the configuration, stats sockets and HTTP, through reloads: new ones open before anything changes, old ones close last. */
import { readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Model, StatsSocket } from '../config/model.js';
import { addressText } from '../config/names.js';
import type { Engine } from '../control/engine.js';
import { prepareRuntimeSocketPath } from '../control/runtime-path.js';
import { type ControlServer, createMasterCli, startStatsSocket } from '../control/stats-socket.js';
import { ControlHttpEndpoint, type PreparedHttp } from './control-http.js';

/** How long to try for a TCP socket that a predecessor holds: 10 s. */
const RETRY_MS = 200;
const RETRIES = 50;

/** Opened for a configuration that is not yet in force. */
export interface PreparedControl {
  next: Map<string, ControlServer>;
  opened: ControlServer[];
  failures: string[];
  http: PreparedHttp;
}

export class ControlSockets {
  private current = new Map<string, ControlServer>();
  private extra: ControlServer[] = [];
  private readonly http: ControlHttpEndpoint;
  /** The first configuration is in force: whoever asks before would read of servers whose state nobody has decided. */
  begin!: () => void;
  private readonly begun = new Promise<void>((resolve) => {
    this.begin = resolve;
  });

  constructor(
    private readonly engine: Engine,
    private readonly getSocks: (fd: number) => void,
  ) {
    this.http = new ControlHttpEndpoint(engine, this.begun);
  }

  /** Opens the private socket by which `fairlead status` and `fairlead reload` find us. */
  async openPrivate(): Promise<void> {
    const path = prepareRuntimeSocketPath(String(process.pid));
    if (path === undefined) return;
    sweep(dirname(path));
    const socket: StatsSocket = {
      address: { kind: 'unix', path },
      level: 'admin',
      mode: 0o600,
      exposeFdListeners: true,
    };
    this.extra.push(await startStatsSocket(this.engine, socket, { hidden: true, getSocks: this.getSocks }));
  }

  /** `-S`. @throws Error for the operator */
  async openMasterCli(socket: StatsSocket): Promise<void> {
    this.extra.push(await createMasterCli(this.engine, socket));
  }

  /** @param patient a predecessor may hold TCP ports yet: those are opened as soon as it let them go */
  async prepare(model: Model, patient: boolean): Promise<PreparedControl> {
    const http = await this.http.prepare(model, patient);
    const failures = http.failure === undefined ? [] : [http.failure];
    const prepared: PreparedControl = { next: new Map(), opened: [], failures, http };
    for (const socket of model.global.statsSockets) await this.prepareOne(prepared, socket, patient);
    return prepared;
  }

  private async prepareOne(prepared: PreparedControl, socket: StatsSocket, patient: boolean): Promise<void> {
    const key = identity(socket);
    const open = this.current.get(key) ?? prepared.next.get(key);
    if (open) {
      prepared.next.set(key, open);
      return;
    }
    try {
      const server = await startStatsSocket(this.engine, socket, { getSocks: this.getSocks, after: this.begun });
      prepared.next.set(key, server);
      prepared.opened.push(server);
    } catch (error) {
      if (patient && socket.address.kind !== 'unix') {
        this.openLater(socket, RETRIES);
        return;
      }
      const place = socket.loc ? `[${socket.loc.file}:${socket.loc.line}] ` : '';
      prepared.failures.push(`stats socket ${place}'${addressText(socket.address)}': ${(error as Error).message}`);
    }
  }

  private openLater(socket: StatsSocket, left: number): void {
    const attempt = () =>
      startStatsSocket(this.engine, socket, { getSocks: this.getSocks }).then(
        (server) => void this.current.set(identity(socket), server),
        () => {
          if (left > 0 && !this.engine.stopping) this.openLater(socket, left - 1);
        },
      );
    setTimeout(() => void attempt(), RETRY_MS).unref();
  }

  async rollBack(prepared: PreparedControl): Promise<void> {
    this.http.rollBack(prepared.http);
    await closeEach(prepared.opened);
  }

  async commit(prepared: PreparedControl): Promise<void> {
    const kept = new Set(prepared.next.values());
    const gone = [...this.current.values()].filter((server) => !kept.has(server));
    this.current = prepared.next;
    this.http.commit(prepared.http);
    await closeEach(gone);
  }

  /** Lets the configured sockets go, for a successor; the private one stays until the end. */
  async closePublic(): Promise<void> {
    this.http.close();
    const servers = [...this.current.values()];
    this.current.clear();
    await closeEach(servers);
  }

  async close(): Promise<void> {
    await this.closePublic();
    await closeEach(this.extra.splice(0));
  }
}

function identity(socket: StatsSocket): string {
  return JSON.stringify({ ...socket, loc: undefined, at: undefined });
}

/** After a change of user the paths in root's directories can no longer be removed; that must not stop a stop. */
async function closeEach(servers: readonly ControlServer[]): Promise<void> {
  await Promise.allSettled(servers.map(async (server) => server.close()));
}

/** Removes what processes left here that were killed, or had given up the right to remove it. */
function sweep(directory: string): void {
  for (const name of readdirSync(directory)) {
    const pid = Number(/^(\d+)\.(sock|handover)$/.exec(name)?.[1] ?? 0);
    if (pid > 0 && !isAlive(pid)) rmSync(join(directory, name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
