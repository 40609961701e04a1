/** Gathers what is known of a server or a virtual router and its past, for `explain`. */
import type { Explanation } from '../core/events/event.js';
import type { VipExplanation } from '../core/events/vip-story.js';
import type { Engine } from './engine.js';
import { type ServerTarget, serverRow, trackedServer } from './lookup.js';
import { serverStatus } from './stat/server-status.js';

/** @returns null where the server does not run (its proxy is disabled, or in a mode that does not run yet) */
export async function explanationOf(engine: Engine, target: ServerTarget, nowMs: number): Promise<Explanation | null> {
  const { proxy, server } = target;
  const now = await engine.serverNow(proxy.name, server.name);
  const row = serverRow(engine, target);
  if (now === null || row === undefined) return null;
  const tracked = trackedServer(engine, target);
  const status = serverStatus(
    row,
    serverRow(engine, tracked) ?? row,
    `${tracked.proxy.name}/${tracked.server.name}`,
    nowMs,
  );
  const { history } = engine;
  const events = [...history.of(proxy.name, server.name), ...history.of(proxy.name, null)];
  events.sort((a, b) => a.seq - b.seq);
  const { host, port } = engine.serverAddress(proxy.name, server);
  const address = port === 0 ? host : `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return { proxy: proxy.name, server: server.name, address, atMs: nowMs, status, now, events };
}

/** @returns null where no such router runs (a sync group is none) */
export async function vipExplanationOf(engine: Engine, name: string, nowMs: number): Promise<VipExplanation | null> {
  const status = await engine.vips?.();
  const vip = status?.instances.find((one) => one.name === name);
  if (status === null || status === undefined || vip === undefined) return null;
  const { history } = engine;
  const events = [...history.ofVip(name), ...(vip.group === '' ? [] : history.ofVip(vip.group))];
  return { vip, atMs: Math.max(nowMs, status.atMs), events: events.sort((a, b) => a.seq - b.seq) };
}
