/** What Fairlead runs on: the seed's file as it is, the same with one comment, or its own language. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Files } from '../support/proxy.js';
import { REPOSITORY } from '../support/repository.js';
import type { Sandbox } from '../support/sandbox.js';
import { CHECKER, NODES } from './cluster.js';
import { nodeAddress, SERVICE_ADDRESS } from './network.js';
import { DATABASE_PORT } from './node-config.js';

/** The seed's name for the service. */
export const SERVICE = 'galera_cluster';

export const SEED_FILE = join(REPOSITORY, 'lab', 'galera', 'haproxy.cfg');

/** @param intervalMs of the Galera check. @returns the path of the file */
export function fairleadFile(sandbox: Sandbox, files: Files, intervalMs: number): string {
  if (files === 'seed') return SEED_FILE;
  const secret = sandbox.path('fairlead.password');
  writeFileSync(secret, `${CHECKER.password}\n`, { mode: 0o600 });
  const text = files === 'yaml' ? yaml(secret, intervalMs) : role(secret, intervalMs);
  const path = sandbox.path(files === 'yaml' ? 'fairlead.yaml' : 'role.cfg');
  writeFileSync(path, text);
  return path;
}

/** The seed's file, with a comment that HAProxy passes over. */
function role(secret: string, intervalMs: number): string {
  const check = `galera user=${CHECKER.user} password-file=${secret} interval=${intervalMs}ms`;
  const section = `listen ${SERVICE}\n`;
  return readFileSync(SEED_FILE, 'utf8').replace(section, `${section}        # fairlead: check ${check}\n`);
}

function yaml(secret: string, intervalMs: number): string {
  const server = (n: number) => `      galera-node0${n + 1}: ${nodeAddress(n)}:${DATABASE_PORT}\n`;
  return `services:
  ${SERVICE}:
    bind: ${SERVICE_ADDRESS}:${DATABASE_PORT}
    balance: leastconn
    check: { type: galera, user: ${CHECKER.user}, password-file: ${secret}, interval: ${intervalMs}ms }
    server-defaults: { on-marked-down: shutdown-sessions }
    timeouts: { connect: 5s, client: 50s, server: 50s }
    servers:
${Array.from({ length: NODES }, (_, n) => server(n)).join('')}`;
}
