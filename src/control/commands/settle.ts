/** `settle backend B [server S]`: an operator decides between servers that all say they are the primary. */
import { hasBackend } from '../../config/defaults.js';
import { type Command, type CommandContext, DONE, type Reply, refuse } from '../command.js';

async function settle({ engine }: CommandContext, args: readonly (string | undefined)[]): Promise<Reply> {
  const [backend, word, name] = args;
  const proxy = engine.model.proxies.find((each) => hasBackend(each) && each.name === backend);
  if (proxy === undefined) return refuse('No such backend.');
  if (word !== undefined && (word !== 'server' || name === undefined)) return refuse("Require 'server <srv>'.");
  if (name !== undefined && !proxy.servers.some((server) => server.name === name)) return refuse('No such server.');
  const error =
    engine.settle === undefined ? 'No check asks for a role.' : await engine.settle(proxy.name, name ?? null);
  return error === null ? DONE : refuse(error);
}

export const SETTLE_COMMANDS: readonly Command[] = [
  {
    words: ['settle', 'backend'],
    usage: 'settle backend <bk> [server <srv>]',
    help: 'decide between servers that say they are the primary',
    level: 'admin',
    run: settle,
  },
];
