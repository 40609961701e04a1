/** From a model to what the VIP thread runs: passwords looked up, and which backends a frontend can lead to. */
import { hostname } from 'node:os';
import { hasBackend, hasFrontend } from '../config/defaults.js';
import type { Model, Proxy, Secret } from '../config/model.js';
import * as T from '../core/table.js';
import type { VipPlan } from '../core/vrrp/messages.js';
import type { Layout } from './plan.js';

export interface VipPlanning {
  readonly model: Model;
  readonly layout: Layout;
  readonly revision: number;
  /** eventfds of the data-plane workers. */
  readonly workers: readonly number[];
  /** @returns the password, or null where it cannot be had any more */
  readonly secretOf: (secret: Secret) => string | null;
  /** Names of routers that were master in the process before this one. */
  readonly inherited: readonly string[];
}

export function planVips({ model, layout, revision, workers, secretOf, inherited }: VipPlanning): VipPlan {
  const config = model.vips ?? NO_VIPS;
  const passwords: { [instance: string]: string } = {};
  for (const { name, password } of config.instances)
    if (password !== undefined) passwords[name] = secretOf(password) ?? '';
  const backends: { [frontend: string]: string[] } = {};
  for (const proxy of model.proxies.filter(hasFrontend)) backends[proxy.name] = backendsOf(proxy);
  const { user, uid } = model.global;
  const changesUser = user !== undefined || uid !== undefined;
  return { revision, hostname: hostname(), changesUser, config, passwords, ...layout, backends, workers, inherited };
}

const NO_VIPS: NonNullable<Model['vips']> = {
  settings: { notifyFifos: [] },
  instances: [],
  groups: [],
  scripts: [],
  files: [],
  processes: [],
  staticAddresses: [],
  staticRoutes: [],
  staticRules: [],
};

/** Names made by a format are not known before a request comes: they count for nothing here. */
function backendsOf(proxy: Proxy): string[] {
  const named = proxy.useBackends.filter(({ isFormat }) => isFormat !== true).map(({ backend }) => backend);
  const own = hasBackend(proxy) ? [proxy.name] : [];
  const fallback = proxy.defaultBackend === undefined ? own : [proxy.defaultBackend];
  return [...new Set([...named, ...fallback])].map(T.rowKey.backend);
}
