/** Sessions that are to end: workers look at the row at their next wake-up. */
import * as T from '../table.js';
import type { BackendHealth, ServerHealth } from './entities.js';

/** @param reason SHUTDOWN_* of the table @param epochMs now */
export function shutdownSessions(s: ServerHealth, reason: number, epochMs: number): void {
  s.row.set(T.S_SHUTDOWN_AT, epochMs | 0);
  s.row.set(T.S_SHUTDOWN_REASON, reason);
  s.row.add(T.S_SHUTDOWN_EPOCH, 1);
}

/** `on-marked-up shutdown-backup-sessions`. */
export function shutdownBackups(b: BackendHealth, epochMs: number): void {
  for (const s of b.servers) if (s.settings.isBackup) shutdownSessions(s, T.SHUTDOWN_BACKUP, epochMs);
}
