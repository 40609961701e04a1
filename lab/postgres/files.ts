/** What Fairlead runs on: the seed's file as it is, the same with one comment, or its own language. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Files } from '../support/proxy.js';
import { REPOSITORY } from '../support/repository.js';
import type { Sandbox } from '../support/sandbox.js';
import { DATABASE_PORT, SERVERS, serverAddress } from './network.js';
import { ACCOUNTS } from './node-config.js';

/** The seed's name for the service. */
export const SERVICE = 'Postgres-ACD';
export const SERVICE_PORT = 15432;
/** Only in `fairlead.yaml`: where readers go. */
const READ_PORT = 15433;

export const SEED_FILE = join(REPOSITORY, 'lab', 'postgres', 'haproxy.cfg');

/** @param intervalMs of the role check. @returns the path of the file */
export function fairleadFile(sandbox: Sandbox, files: Files, password: string, intervalMs: number): string {
  if (files === 'seed') return SEED_FILE;
  const secret = sandbox.path('fairlead.password');
  writeFileSync(secret, `${password}\n`, { mode: 0o600 });
  const [name, text] =
    files === 'yaml' ? ['fairlead.yaml', yaml(secret, intervalMs)] : ['role.cfg', role(secret, intervalMs)];
  const path = sandbox.path(name);
  writeFileSync(path, text);
  return path;
}

/** The seed's file, with a comment that HAProxy passes over. */
function role(secret: string, intervalMs: number): string {
  const pragma = `# fairlead: check postgres role=primary user=${ACCOUNTS.fairlead} password-file=${secret} interval=${intervalMs}ms`;
  const section = `listen ${SERVICE}\n`;
  return readFileSync(SEED_FILE, 'utf8').replace(section, `${section}${pragma}\n`);
}

function yaml(secret: string, intervalMs: number): string {
  const servers = SERVERS.map((name, n) => `      ${name}: ${serverAddress(n)}:${DATABASE_PORT}\n`).join('');
  return `services:
  ${SERVICE}:
    write: ':${SERVICE_PORT}'
    read: ':${READ_PORT}'
    check:
      type: postgres
      user: ${ACCOUNTS.fairlead}
      password-file: ${secret}
      interval: ${intervalMs}ms
    server-defaults: { on-marked-down: shutdown-sessions }
    timeouts: { connect: 4s, client: 30m, server: 30m }
    servers:
${servers}`;
}
