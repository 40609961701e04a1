/** Opens the session of a role check: the one door to what is in this folder. */
import type { RoleCheck } from '../../config/model.js';
import type { HeldSession, SessionEvents, SessionTarget } from '../../core/role/session.js';
import { DEFAULT_TIMEOUT_MS } from './deadlines.js';
import type { Dialogue } from './dialogue.js';
import { ExecSession } from './exec-session.js';
import { MysqlDialogue } from './mysql-dialogue.js';
import { PatroniDialogue } from './patroni-dialogue.js';
import { PostgresDialogue, type PostgresHistory } from './postgres-dialogue.js';
import { RedisDialogue } from './redis-dialogue.js';
import { LOGIN_LIMIT_MS, RenewedSession } from './renewed-session.js';
import { SocketSession } from './socket-session.js';

/**
 * @param check `timeoutMs` set by whoever runs it
 * @param target where to connect; for Patroni its REST port
 * @param password text of `check.password`, null where none is set
 * @returns a session that connects when it is first asked
 */
export function createSession(
  check: RoleCheck,
  target: SessionTarget,
  password: string | null,
  events: SessionEvents,
): HeldSession {
  if (check.kind === 'exec') return new ExecSession(check, target, password);
  const isTlsFirst = check.tls === 'require' && (check.kind === 'redis' || check.kind === 'patroni');
  const timeoutMs = check.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const { kind } = check;
  const where = kind === 'patroni' && target.port !== 0 ? ` at REST port ${target.port}` : undefined;
  const { tlsCa } = check;
  const history: PostgresHistory = { caughtUp: null };
  const open = (heard: SessionEvents, limitMs: number) => {
    const settings = { timeoutMs: limitMs, target, isTlsFirst, tlsCa, password, where };
    return new SocketSession(settings, dialogueOf(kind, check, target, password, history), heard);
  };
  // Patroni ends each connection itself: each check meets what new clients meet.
  if (kind === 'patroni') return open(events, timeoutMs);
  return new RenewedSession(timeoutMs, (heard) => open(heard, Math.max(timeoutMs, LOGIN_LIMIT_MS)), events);
}

type SocketKind = Exclude<RoleCheck['kind'], 'exec'>;

function dialogueOf(
  kind: SocketKind,
  check: RoleCheck,
  target: SessionTarget,
  password: string | null,
  history: PostgresHistory,
): Dialogue {
  switch (kind) {
    case 'galera':
    case 'mysql':
      return new MysqlDialogue(check, password);
    case 'postgres':
      return new PostgresDialogue(check, password, history);
    case 'redis':
      return new RedisDialogue(check, password);
    case 'patroni':
      return new PatroniDialogue(check, password, target.host.includes(':') ? `[${target.host}]` : target.host);
  }
}
