/** Frontends and limits: `enable|disable|shutdown frontend`, `set maxconn`, `set rate-limit`, `clear counters`. */
import { I_RATE_LIMIT, I_SESS_RATE_LIMIT, I_STATE, rowKey } from '../../core/table.js';
import { clearAll, clearMaxima } from '../clear-counters.js';
import {
  allows,
  type Command,
  type CommandContext,
  DONE,
  type Message,
  outcome,
  type Reply,
  refuse,
  refuseBare,
} from '../command.js';
import { findFrontend, findServer } from '../lookup.js';

type Arguments = readonly (string | undefined)[];

/** What a running frontend says to being told so again (I_STATE). */
const STATE_STOPPED = 0;
const STATE_DISABLED = 3;

function setFrontend(to: 'enabled' | 'disabled' | 'shutdown') {
  return async ({ engine }: CommandContext, [name]: Arguments): Promise<Reply> => {
    const found = findFrontend(engine, name);
    if (!found.ok) return found.refusal;
    const state = engine.row(rowKey.frontend(found.value.name))?.get(I_STATE) ?? STATE_STOPPED;
    const refusal = refusalFor(to, state);
    return refusal ? refuse(refusal) : outcome(await engine.setFrontend(found.value.name, to));
  };
}

const PAST = { enabled: 'enable', disabled: 'disable', shutdown: '' } as const;

function refusalFor(to: 'enabled' | 'disabled' | 'shutdown', state: number): string | undefined {
  if (state === STATE_STOPPED) {
    if (to === 'shutdown') return 'Frontend was already shut down.';
    return `Frontend was previously shut down, cannot ${PAST[to]}.`;
  }
  if (to === 'enabled' && state !== STATE_DISABLED) return 'All sockets are already enabled.';
  return to === 'disabled' && state === STATE_DISABLED ? 'All sockets are already disabled.' : undefined;
}

function setMaxconnFrontend({ engine }: CommandContext, [name, text]: Arguments): Reply {
  const found = findFrontend(engine, name);
  if (!found.ok) return found.refusal;
  if (!text) return refuse('Integer value expected.');
  const n = wholeNumber(text);
  if (n === undefined || n < 0) return refuse('Value out of range.');
  engine.setMaxconn({ kind: 'frontend', proxy: found.value.name }, n);
  return DONE;
}

/** A text that is no number sets nothing: HAProxy 2.6 reads it as 0, and so takes the limit away without a word. */
function wholeNumber(text: string): number | undefined {
  return /^-?\d+$/.test(text) ? Number(text) : undefined;
}

function setMaxconnGlobal({ engine }: CommandContext, [text]: Arguments): Reply {
  if (!text) return refuse('Expects an integer value.');
  const n = wholeNumber(text);
  const most = engine.model.global.maxconn;
  if (n === undefined || n < 0 || (most !== undefined && n > most)) return refuse('Value out of range.');
  // 0 restores what the configuration says (management guide, `set maxconn global`).
  engine.setMaxconn({ kind: 'global' }, n === 0 ? (most ?? 0) : n);
  return DONE;
}

function setMaxconnServer({ engine }: CommandContext, [name, text]: Arguments): Reply {
  const found = findServer(engine, name);
  if (!found.ok) return found.refusal;
  if (!text) return refuse('Require <maxconn>.');
  const n = wholeNumber(text);
  if (n === undefined) return refuseBare('maxconn string empty or preceded by garbage');
  if (n < 0) return refuse('Value out of range.');
  const { proxy, server } = found.value;
  engine.setMaxconn({ kind: 'server', proxy: proxy.name, server: server.name }, n);
  return DONE;
}

const RATE_USAGE = `'set rate-limit' only supports :
   - 'connections global' to set the per-process maximum connection rate
   - 'sessions global' to set the per-process maximum session rate
   - 'ssl-sessions global' to set the per-process maximum SSL session rate
   - 'http-compression global' to set the per-process maximum compression speed in kB/s`;

const RATE_CELLS: { readonly [what: string]: number } = { connections: I_RATE_LIMIT, sessions: I_SESS_RATE_LIMIT };

const NO_SUCH_LIMIT: { readonly [what: string]: string } = {
  'ssl-sessions': 'there are no TLS sessions to limit.',
  'http-compression': 'there is no HTTP compression to limit.',
};

function setRateLimit({ engine }: CommandContext, [what = '', scope, text]: Arguments): Reply {
  const cell = Object.hasOwn(RATE_CELLS, what) ? RATE_CELLS[what] : undefined;
  const isKnown = cell !== undefined || Object.hasOwn(NO_SUCH_LIMIT, what);
  if (!isKnown || scope !== 'global') return refuse(RATE_USAGE);
  if (!text) return refuse('Expects an integer value.');
  const limit = wholeNumber(text);
  if (limit === undefined || limit < 0) return refuse('Value out of range.');
  if (cell === undefined) return refuse(NO_SUCH_LIMIT[what]);
  engine.row(rowKey.process())?.set(cell, limit);
  return DONE;
}

/** The maxima are an operator's to clear, the counters an administrator's. */
function clearCounters({ engine, client, nowMs }: CommandContext, [what]: Arguments): Message {
  if (what === 'all' && !allows(client.level, 'admin')) return refuse('Permission denied');
  const clear = what === 'all' ? clearAll : clearMaxima;
  clear(engine, Math.floor(nowMs / 1000));
  return DONE;
}

function command(text: string, usage: string, help: string, run: Command['run'], level: Command['level'] = 'admin') {
  return { words: text.split(' '), usage, help, level, run };
}

export const LIMIT_COMMANDS: readonly Command[] = [
  command(
    'clear counters',
    'clear counters [all]',
    'set the maxima (or all counters) back to 0',
    clearCounters,
    'operator',
  ),
  command(
    'disable frontend',
    'disable frontend <frontend>',
    'stop accepting, keep the sessions',
    setFrontend('disabled'),
  ),
  command('enable frontend', 'enable frontend <frontend>', 'accept again', setFrontend('enabled')),
  command(
    'set maxconn frontend',
    'set maxconn frontend <frontend> <value>',
    'change the limit on sessions of a frontend',
    setMaxconnFrontend,
  ),
  command(
    'set maxconn global',
    'set maxconn global <value>',
    'change the limit on connections of the process',
    setMaxconnGlobal,
  ),
  command(
    'set maxconn server',
    'set maxconn server <bk>/<srv>',
    'change the limit on sessions of a server',
    setMaxconnServer,
  ),
  command('set rate-limit', 'set rate-limit <setting> <value>', 'change a limit per second', setRateLimit),
  command('shutdown frontend', 'shutdown frontend <frontend>', 'close a frontend for good', setFrontend('shutdown')),
];
