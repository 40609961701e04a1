/**
 * `balance single`: which one server has all the traffic. The order is that of the configuration, backups last.
 *
 *   chosen is usable, no failback ──► it stays, whoever else comes back
 *   chosen is usable, failback ─────► the first usable one
 *   chosen is gone ─────────────────► the first usable one
 *   nobody was chosen ──────────────► the first usable one, once all before it have been checked
 *
 * Several Fairlead instances that see the same states choose the same server: the choice depends on the states and on
 * the server chosen before alone, and where nothing was chosen before (a start, an outage of all) it stays open to an
 * earlier server for SETTLE_MS, so that it does not depend on which answer came first.
 */
import { CheckStatus } from '../check-status.js';
import { B_CHOSEN, S_TOKEN } from '../table.js';
import type { BackendHealth, ServerHealth } from './entities.js';

/** How long a choice made out of nothing gives way to an earlier server. */
const SETTLE_MS = 2000;

/** What a backend remembers of its choice; who is chosen stands in the shared table (B_CHOSEN), where it survives reloads. */
export interface SingleChoice {
  readonly failback: boolean;
  /** Monotonic; until then an earlier server takes over. */
  settlesAtMs: number;
}

export interface Chosen {
  readonly server: ServerHealth | null;
  readonly settlesAtMs: number;
}

/** @param current the server chosen until now, null where there was none or it left the configuration */
export function choose(
  servers: readonly ServerHealth[],
  current: ServerHealth | null,
  { failback, settlesAtMs }: SingleChoice,
  nowMs: number,
): Chosen {
  const order = inOrder(servers);
  if (current === null) return fromNothing(order, settlesAtMs, nowMs);
  const first = order.find((s) => s.isUsable) ?? null;
  // Once somebody has failed there is a history, and whoever took over stays.
  if (!current.isUsable) return { server: first, settlesAtMs: Number.NEGATIVE_INFINITY };
  return { server: failback || nowMs < settlesAtMs ? first : current, settlesAtMs };
}

function inOrder(servers: readonly ServerHealth[]): readonly ServerHealth[] {
  const isLast = (s: ServerHealth) => s.settings.isBackup;
  return [...servers.filter((s) => !isLast(s)), ...servers.filter(isLast)];
}

/** Nobody is overtaken before its first check has told. */
function fromNothing(order: readonly ServerHealth[], settlesAtMs: number, nowMs: number): Chosen {
  const server = order.find((s) => s.isUsable || isAwaited(s)) ?? null;
  if (server === null || !server.isUsable) return { server: null, settlesAtMs };
  return { server, settlesAtMs: nowMs + SETTLE_MS };
}

function isAwaited(s: ServerHealth): boolean {
  return s.wantsChecks && s.status === CheckStatus.INI;
}

/** The server that the table says is chosen; null if none, or if it left the configuration. */
export function chosenOf({ row, servers }: BackendHealth): ServerHealth | null {
  const token = row.get(B_CHOSEN);
  return token === 0 ? null : (servers.find((s) => s.row.get(S_TOKEN) === token) ?? null);
}

/** Why the traffic moves, for the log. */
export function movedText(to: ServerHealth, from: ServerHealth | null): string {
  const name = `${to.backend.name}/${to.name}`;
  if (from === null) return `Server ${name} is chosen (balance single).`;
  return `Server ${name} is chosen (balance single): it takes over from ${from.backend.name}/${from.name}.`;
}
