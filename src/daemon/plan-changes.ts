/** What the health thread must be told beside the plan: states an earlier process had, settings a reload changed. */
import { hasBackend, weightOf } from '../config/defaults.js';
import type { Model, Server } from '../config/model.js';
import type { AdminCommand } from '../core/messages.js';
import { rowKey } from '../core/table.js';
import { restoreCommands, type TransferredState } from './state-transfer.js';

export interface ServerCommand {
  proxy: string;
  server: string;
  command: AdminCommand;
}

type Visit = (key: string, server: Server) => AdminCommand[];

function collect(model: Model, visit: Visit): ServerCommand[] {
  return model.proxies.filter(hasBackend).flatMap((proxy) =>
    proxy.servers.flatMap((server) => {
      const commands = visit(rowKey.server(proxy.name, server.name), server);
      return commands.map((command) => ({ proxy: proxy.name, server: server.name, command }));
    }),
  );
}

/** At start: what the predecessor knew. */
export function initialCommands(model: Model, state: TransferredState | undefined): ServerCommand[] {
  return state ? collect(model, (key, server) => restoreCommands(state, key, weightOf(server))) : [];
}

/**
 * At a reload: servers that persist keep what was decided at run time, except where the file itself says something new.
 */
export function changeCommands(before: Model, after: Model): ServerCommand[] {
  const old = new Map<string, Server>();
  for (const proxy of before.proxies.filter(hasBackend))
    for (const server of proxy.servers) old.set(rowKey.server(proxy.name, server.name), server);
  return collect(after, (key, server) => {
    const previous = old.get(key);
    return previous ? changesOf(previous, server) : [];
  });
}

function changesOf(before: Server, after: Server): AdminCommand[] {
  const commands: AdminCommand[] = [];
  if (weightOf(before) !== weightOf(after)) commands.push({ do: 'weight', weight: weightOf(after), relative: false });
  if ((before.disabled ?? false) !== (after.disabled ?? false))
    commands.push({ do: 'state', state: after.disabled ? 'maint' : 'ready' });
  return commands;
}
