/** Limits that hold where nothing is written: a frontend's maxconn and a backend's fullconn. */
import { hasBackend, hasFrontend } from '../../config/defaults.js';
import type { Model, Proxy } from '../../config/model.js';
import { I_MAXCONN, rowKey } from '../../core/table.js';
import type { Engine } from '../engine.js';

/** maxconn in force of a frontend: its own, or the process's. */
export function frontendMaxconn(engine: Engine, proxy: Proxy): number {
  const own = engine.row(rowKey.frontend(proxy.name))?.get(I_MAXCONN) ?? 0;
  return own > 0 ? own : processMaxconn(engine);
}

export function processMaxconn(engine: Engine): number {
  const inForce = engine.row(rowKey.process())?.get(I_MAXCONN) ?? 0;
  return inForce > 0 ? inForce : (engine.model.global.maxconn ?? 0);
}

/** fullconn of every backend by name: as written, or a tenth of the maxconn of the frontends that lead to it. */
export function fullconns(engine: Engine): Map<string, number> {
  const reaching = new Map<string, number>();
  for (const proxy of engine.model.proxies.filter(hasFrontend)) {
    const maxconn = frontendMaxconn(engine, proxy);
    for (const name of destinations(proxy)) reaching.set(name, (reaching.get(name) ?? 0) + maxconn);
  }
  return new Map(backends(engine.model).map((p) => [p.name, p.fullconn ?? tenth(reaching.get(p.name) ?? 0)]));
}

function backends(model: Model): Proxy[] {
  return model.proxies.filter(hasBackend);
}

/** Manual, `fullconn`: 10 % of the sum, at least 1. */
function tenth(sum: number): number {
  return Math.max(1, Math.floor((sum + 9) / 10));
}

function destinations(proxy: Proxy): Set<string> {
  const names = new Set(proxy.useBackends.map((rule) => rule.backend));
  if (proxy.defaultBackend !== undefined) names.add(proxy.defaultBackend);
  if (proxy.kind === 'listen') names.add(proxy.name);
  return names;
}
