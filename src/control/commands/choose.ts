/** `choose server <bk>/<srv>`: moves the traffic of a `balance single` backend, so that several instances agree again. */
import { type Command, type CommandContext, DONE, type Reply, refuse } from '../command.js';
import { findSubject } from '../subjects.js';

async function choose({ engine, who }: CommandContext, [name]: readonly (string | undefined)[]): Promise<Reply> {
  const found = findSubject(engine.model, name ?? '');
  if (!found.ok) return refuse(name === undefined ? "Require 'backend/server'." : found.why);
  const { proxy, server } = found.value;
  if (server === undefined) return refuse("Require 'backend/server'.");
  const error = await engine.admin(proxy.name, server.name, { do: 'choose' }, who);
  return error === null ? DONE : refuse(error);
}

export const CHOICE_COMMANDS: readonly Command[] = [
  {
    words: ['choose', 'server'],
    usage: 'choose server <bk>/<srv>',
    help: 'give a server all the traffic (balance single)',
    level: 'admin',
    run: choose,
  },
];
