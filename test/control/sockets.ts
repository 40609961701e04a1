/** A control socket of its own for a test, on a fake engine. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StatsSocket } from '../../src/config/model.js';
import {
  type ControlOptions,
  type ControlServer,
  createMasterCli,
  startStatsSocket,
} from '../../src/control/stats-socket.js';
import type { FakeEngine } from './fake-engine.js';
import { talk } from './talk.js';

export interface TestSocket {
  readonly path: string;
  readonly server: ControlServer;
  /** Sends a line and returns the whole answer. */
  ask(line: string): Promise<string>;
  close(): Promise<void>;
}

export async function openSocket(
  engine: FakeEngine,
  level: StatsSocket['level'] = 'admin',
  kind: 'stats' | 'master' = 'stats',
  options: ControlOptions = {},
): Promise<TestSocket> {
  const dir = mkdtempSync(join(tmpdir(), 'fl-ctl-'));
  const path = join(dir, 's.sock');
  const start = kind === 'stats' ? startStatsSocket : createMasterCli;
  const server = await start(engine, { address: { kind: 'unix', path }, level, exposeFdListeners: true }, options);
  return {
    path,
    server,
    ask: (line) => talk({ path }, `${line}\n`),
    close: async () => {
      await server.close();
      rmSync(dir, { recursive: true });
    },
  };
}
