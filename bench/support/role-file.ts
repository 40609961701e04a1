/** A file in HAProxy's language whose servers are asked for their role. */
import { writeFileSync } from 'node:fs';
import { LOGIN } from '../../lab/support/loopback-databases.js';
import type { Sandbox } from '../../lab/support/sandbox.js';

export type RoleKind = 'galera' | 'mysql' | 'postgres';

export interface RoleFile {
  readonly listen: number;
  /** Of the database, on 127.0.0.1. */
  readonly port: number;
  readonly servers: number;
  readonly intervalMs: number;
}

/** Backends of this size, as installations have them. */
const SERVERS_PER_BACKEND = 2;

/** Each server at an address of its own: those at one address share a session. */
function addressOf(n: number): string {
  return `127.0.${n >> 8}.${n & 255}`;
}

export function roleFile(sandbox: Sandbox, kind: RoleKind, { listen, port, servers, intervalMs }: RoleFile): string {
  const secret = sandbox.path('checker.password');
  writeFileSync(secret, `${LOGIN.password}\n`, { mode: 0o600 });
  const check = `# fairlead: check ${kind} user=${LOGIN.user} password-file=${secret} interval=${intervalMs}ms tls=off`;
  const backends = Array.from({ length: Math.ceil(servers / SERVERS_PER_BACKEND) }, (_, n) => {
    const size = Math.min(SERVERS_PER_BACKEND, servers - n * SERVERS_PER_BACKEND);
    const first = n * SERVERS_PER_BACKEND + 1;
    const lines = Array.from({ length: size }, (_, i) => `  server s${i + 1} ${addressOf(first + i)}:${port} check\n`);
    return `backend b${n + 1}\n  ${check}\n${lines.join('')}`;
  });
  return `global
  nbthread 1
defaults
  mode tcp
  timeout connect 5s
  timeout client 50s
  timeout server 50s
frontend bench
  bind 127.0.0.1:${listen}
  default_backend b1
${backends.join('')}`;
}
