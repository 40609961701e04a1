/**
 * `show chosen`: which server of each `balance single` backend has the traffic. `choose server <bk>/<srv>` moves it, so
 * that several instances agree again.
 */
import { hasBackend } from '../../config/defaults.js';
import * as T from '../../core/table.js';
import { type Command, type CommandContext, DONE, type Reply, refuse } from '../command.js';
import type { Engine } from '../engine.js';
import { findSubject } from '../subjects.js';

async function choose({ engine, who }: CommandContext, [name]: readonly (string | undefined)[]): Promise<Reply> {
  const found = findSubject(engine.model, name ?? '');
  if (!found.ok) return refuse(name === undefined ? "Require 'backend/server'." : found.why);
  const { proxy, server } = found.value;
  if (server === undefined) return refuse("Require 'backend/server'.");
  const error = await engine.admin(proxy.name, server.name, { do: 'choose' }, who);
  return error === null ? DONE : refuse(error);
}

/** One line per backend: its name, and the server's, `-` while none is chosen. */
function showChosen({ engine }: CommandContext): Reply {
  const singles = engine.model.proxies.filter((p) => hasBackend(p) && p.balance?.algorithm === 'single');
  return singles.map((proxy) => `${proxy.name} ${chosenOf(engine, proxy)}\n`).join('');
}

function chosenOf(engine: Engine, { name, servers }: Engine['model']['proxies'][number]): string {
  const token = engine.row(T.rowKey.backend(name))?.get(T.B_CHOSEN) ?? 0;
  const isChosen = (server: string) => engine.row(T.rowKey.server(name, server))?.get(T.S_TOKEN) === token;
  return (token !== 0 && servers.find((server) => isChosen(server.name))?.name) || '-';
}

export const CHOICE_COMMANDS: readonly Command[] = [
  {
    words: ['show', 'chosen'],
    usage: 'show chosen',
    help: 'the server that has the traffic of each balance single backend',
    level: 'user',
    run: showChosen,
  },
  {
    words: ['choose', 'server'],
    usage: 'choose server <bk>/<srv>',
    help: 'give a server all the traffic (balance single)',
    level: 'admin',
    run: choose,
  },
];
