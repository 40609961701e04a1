/** What a runtime command about one server is: it has found the server, and says what came of it. */
import type { AdminCommand } from '../../core/messages.js';
import { type CommandContext, type Message, outcome, type Reply } from '../command.js';
import type { Engine } from '../engine.js';
import type { ServerTarget } from '../lookup.js';

export type Arguments = readonly (string | undefined)[];
export type Setter = (engine: Operated, target: ServerTarget, args: Arguments) => Reply | Promise<Reply>;

/** The engine as one client uses it: history keeps where an order came from. */
export interface Operated extends Pick<Engine, 'model' | 'row' | 'serverAddress' | 'setServerAddress'> {
  admin(proxy: string, server: string, command: AdminCommand): Promise<string | null>;
}

export function operated({ engine, who }: CommandContext): Operated {
  return {
    model: engine.model,
    row: (key) => engine.row(key),
    serverAddress: (proxy, server) => engine.serverAddress(proxy, server),
    setServerAddress: (proxy, server, host, port) => engine.setServerAddress(proxy, server, host, port),
    admin: (proxy, server, command) => engine.admin(proxy, server, command, who),
  };
}

/** Has the health thread carry it out. */
export async function admin(
  engine: Operated,
  { proxy, server }: ServerTarget,
  command: AdminCommand,
): Promise<Message> {
  return outcome(await engine.admin(proxy.name, server.name, command));
}
