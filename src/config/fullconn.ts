/** fullconn where it is not written (manual, `fullconn`): a tenth of what the frontends may send to a backend. */
import { hasBackend, hasFrontend } from './defaults.js';
import type { Model, Proxy } from './model.js';

/**
 * @param frontendMaxconn maxconn in force of a frontend
 * @returns fullconn of every backend by name, as written or computed, at least 1
 */
export function fullconns(model: Model, frontendMaxconn: (proxy: Proxy) => number): Map<string, number> {
  const reaching = new Map<string, number>();
  for (const proxy of model.proxies.filter(hasFrontend)) {
    const maxconn = frontendMaxconn(proxy);
    for (const name of destinations(proxy)) reaching.set(name, (reaching.get(name) ?? 0) + maxconn);
  }
  const backends = model.proxies.filter(hasBackend);
  return new Map(backends.map((p) => [p.name, p.fullconn ?? tenth(reaching.get(p.name) ?? 0)]));
}

function tenth(sum: number): number {
  return Math.max(1, Math.floor((sum + 9) / 10));
}

function destinations(proxy: Proxy): Set<string> {
  const names = new Set(proxy.useBackends.map((rule) => rule.backend));
  if (proxy.defaultBackend !== undefined) names.add(proxy.defaultBackend);
  if (proxy.kind === 'listen') names.add(proxy.name);
  return names;
}
