/** Which stick tables a configuration has, and how each is laid out. */
import type { Model, Proxy } from '../../config/model.js';
import { layOutTable, type StickLayout } from './layout.js';

/** Layouts by the name of the table, which is that of its proxy. */
export function stickLayouts(model: Model): Map<string, StickLayout> {
  const stuckTo = new Set(model.proxies.flatMap((proxy) => proxy.stickRules.map((rule) => rule.table ?? proxy.name)));
  const layouts = new Map<string, StickLayout>();
  for (const proxy of model.proxies)
    if (isTable(proxy)) layouts.set(proxy.name, layOutTable(proxy.stickTable, stuckTo.has(proxy.name)));
  return layouts;
}

function isTable(proxy: Proxy): proxy is Proxy & Required<Pick<Proxy, 'stickTable'>> {
  return proxy.stickTable !== undefined;
}
