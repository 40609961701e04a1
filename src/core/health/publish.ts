/** Health state into the shared table, where the data plane and the statistics read it. */
import * as T from '../table.js';
import type { BackendHealth, ServerHealth } from './entities.js';

/** Check flags of `show servers state`. */
const IN_PROGRESS = 1;
const CONFIGURED = 2;
const ENABLED = 4;
const PAUSED = 8;

export function publishServer(s: ServerHealth): void {
  const { row, settings } = s;
  row.update(T.S_STATE, s.state);
  row.update(T.S_AGENTS_WORD, s.isAgentsWord ? 1 : 0); // before what it is about: see Member.isInMaintenance
  row.update(T.S_ADMIN, s.admin);
  row.update(T.S_UWEIGHT, s.weight);
  row.update(T.S_IWEIGHT, settings.initialWeight);
  row.update(T.S_EWEIGHT, s.isUsable ? s.effectiveWeight : 0);
  row.update(T.S_HEALTH, s.health);
  publishChecking(s);
}

/** Only whether a check is under way: twice per check. */
export function publishChecking(s: ServerHealth): void {
  s.row.update(T.S_CHECK_STATE, checkFlags(s));
}

function checkFlags(s: ServerHealth): number {
  const configured = s.settings.isChecked ? CONFIGURED : 0;
  const enabled = s.checksEnabled ? ENABLED : 0;
  const paused = s.settings.isChecked && s.isInMaintenance ? PAUSED : 0;
  return configured | enabled | paused | (s.inProgress ? IN_PROGRESS : 0);
}

/** Counts and weights; workers derive their maps again when the generation has moved. */
export function publishBackend(b: BackendHealth): void {
  const { row } = b;
  row.set(T.B_ACTIVE, b.active);
  row.set(T.B_BACKUP, b.backup);
  row.set(T.B_WEIGHT, totalWeight(b));
  row.set(T.B_UP, b.isUp ? 1 : 0);
  row.add(T.B_GENERATION, 1);
}

/** Weight of the servers that take new sessions now: active ones, else the first backup (or all, `allbackups`). */
function totalWeight(b: BackendHealth): number {
  const usable = b.servers.filter((s) => s.isUsable && (b.active === 0 || s.counted === 'active'));
  const counted = b.active === 0 && !b.allBackups ? usable.slice(0, 1) : usable;
  return counted.reduce((sum, s) => sum + Math.ceil(s.effectiveWeight / 16), 0);
}
