/** maxconn in force where nothing is written. */
import type { Proxy } from '../../config/model.js';
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
