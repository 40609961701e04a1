/** `set server b/s …`, and the older words for the same: `set weight`, `get weight`, `enable|disable server|health|agent`. */
import { isIP } from 'node:net';
import { S_IWEIGHT, S_UWEIGHT } from '../../core/table.js';
import { type Command, type CommandContext, DONE, refuse, refuseBare, WARNING } from '../command.js';
import { findServer, type ServerTarget, serverRow } from '../lookup.js';
import { AGENT_SETTERS, disableAgent, enableAgent } from './set-agent.js';
import { type Arguments, admin, type Operated, operated, type Setter } from './setter.js';

const STATES = ['ready', 'drain', 'maint'] as const;
const HEALTHS = ['up', 'stopping', 'down'] as const;

const setState: Setter = (engine, target, [text]) => {
  const state = STATES.find((word) => word === text);
  if (state) return admin(engine, target, { do: 'state', state });
  return refuse("'set server <srv> state' expects 'ready', 'drain' and 'maint'.");
};

const setHealth: Setter = (engine, target, [text]) => {
  if (target.server.track !== undefined) return refuse('cannot change health on a tracking server.');
  const health = HEALTHS.find((word) => word === text);
  if (health) return admin(engine, target, { do: 'health', health });
  return refuse("'set server <srv> health' expects 'up', 'stopping', or 'down'.");
};

const setWeight: Setter = (engine, target, [text]) => {
  if (!text) return refuse('Require <weight> or <weight%>.');
  const [, digits, percent, rest] = /^([+-]?\d+)(%?)(.*)$/s.exec(text) ?? [];
  if (digits === undefined) return refuseBare('Empty weight string empty or preceded by garbage');
  if (rest !== '') return refuseBare('Trailing garbage in weight string');
  const isRelative = percent === '%';
  const weight = Number(digits);
  if (isRelative && weight < 0) return refuse('Relative weight must be positive.');
  if (!isRelative && (weight < 0 || weight > 256)) {
    return refuse('Absolute weight can only be between 0 and 256 inclusive.');
  }
  if (isStatic(target) && !isAllOrNothing(engine, target, weight, isRelative)) {
    return refuse("Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.");
  }
  return admin(engine, target, { do: 'weight', weight, relative: isRelative });
};

/** Algorithms whose map is made once (manual, `balance`). */
function isStatic({ proxy }: ServerTarget): boolean {
  const algorithm = proxy.balance?.algorithm;
  return algorithm === 'static-rr' || (algorithm === 'source' && proxy.hashType?.method !== 'consistent');
}

function isAllOrNothing(engine: Operated, target: ServerTarget, weight: number, isRelative: boolean): boolean {
  const initial = serverRow(engine, target)?.get(S_IWEIGHT) ?? 0;
  return weight === 0 || weight === (isRelative ? 100 : initial);
}

const BY = " by 'stats socket command'";

const setAddress: Setter = (engine, { proxy, server }, [host, word, portText]) => {
  if (!host) return refuse('set server <b>/<s> addr requires an address and optionally a port.');
  if (isIP(host) === 0) return refuse(`Invalid addr '${host}'${BY}`, WARNING);
  const before = engine.serverAddress(proxy.name, server);
  const port = word === 'port' ? newPort(portText) : { port: null };
  // HAProxy changes the address and leaves the port when the port is wrong; half a change is no change here.
  if ('problem' in port) return refuse(`${notChanged(before.host, host)}, ${port.problem}${BY}`, WARNING);
  const changes = [hostChange(before.host, host), ...portChange(before.port, port.port)];
  const error = engine.setServerAddress(proxy.name, server.name, host, port.port);
  return error === null ? refuse(`${changes.join(', ')}${BY}`, WARNING) : refuse(error, WARNING);
};

/** Unlike HAProxy 2.6, which wraps a port above 65535 around, we refuse it and change nothing. */
function newPort(text: string | undefined): { port: number } | { problem: string } {
  if (!text || !/^\d+$/.test(text)) {
    const isMap = /^[+-]\d+$/.test(text ?? '');
    if (isMap) return { problem: `can't change <port> to port map '${text}' at run time` };
    return { problem: `problem converting port '${text ?? ''}' to an int` };
  }
  const port = Number(text);
  return port <= 65535 ? { port } : { problem: `provided port '${text}' is above 65535` };
}

function hostChange(before: string, after: string): string {
  return before === after ? 'no need to change the addr' : `IP changed from '${before}' to '${after}'`;
}

function notChanged(before: string, after: string): string {
  return before === after ? 'no need to change the addr' : `IP stays '${before}'`;
}

function portChange(before: number, after: number | null): string[] {
  if (after === null) return [];
  return [before === after ? 'no need to change the port' : `port changed from '${before}' to '${after}'`];
}

const setCheckPort: Setter = (engine, target, [text]) => {
  if (!text) return refuse('set server <b>/<s> check-port requires a port.');
  if (!target.server.check) return refuseBare('health checks are not enabled on this server');
  if (!/^\d+$/.test(text)) return refuseBare('provided port is not an integer');
  const port = Number(text);
  if (port > 65535) return refuseBare('provided port is invalid');
  return admin(engine, target, { do: 'check-port', port });
};

const setCheckAddress: Setter = (_engine, { server }, [host]) => {
  if (!host) return refuse('set server <b>/<s> check-addr requires an address and optionally a port.');
  if (!server.check) return refuseBare('health checks are not enabled on this server');
  if (isIP(host) === 0) return refuseBare(`invalid addr '${host}'`);
  return refuse("the check address cannot be changed at run time; change 'addr' in the configuration and reload.");
};

const SETTERS: { readonly [word: string]: Setter } = {
  addr: setAddress,
  ...AGENT_SETTERS,
  'check-addr': setCheckAddress,
  'check-port': setCheckPort,
  fqdn: (_engine, _target, [name]) =>
    refuse(
      name
        ? 'set server <b>/<s> fqdn failed because no resolution is configured.'
        : 'set server <b>/<s> fqdn requires a FQDN.',
    ),
  health: setHealth,
  ssl: () => refuse("'set server <srv> ssl' cannot be set.  default-server should define ssl settings"),
  state: setState,
  weight: setWeight,
};

const SET_USAGE = `usage: set server <backend>/<server> ${Object.keys(SETTERS).sort().join(' | ')}`;

/** Finds the server first, so that a wrong name is what the client hears about. */
function onServer(act: Setter) {
  return (context: CommandContext, [name, ...args]: Arguments) => {
    const found = findServer(context.engine, name);
    return found.ok ? act(operated(context), found.value, args) : found.refusal;
  };
}

const setServer: Setter = (engine, target, [word, ...args]) => {
  const setter = word !== undefined && Object.hasOwn(SETTERS, word) ? SETTERS[word] : undefined;
  return setter ? setter(engine, target, args) : refuse(SET_USAGE);
};

const getWeight: Setter = (engine, target) => {
  const row = serverRow(engine, target);
  return `${row?.get(S_UWEIGHT) ?? 0} (initial ${row?.get(S_IWEIGHT) ?? 0})\n`;
};

const enableHealth: Setter = (engine, target) =>
  target.server.check
    ? admin(engine, target, { do: 'checks', enabled: true })
    : refuse('Health check was not configured on this server, cannot enable.');

const disableHealth: Setter = (engine, target) =>
  target.server.check ? admin(engine, target, { do: 'checks', enabled: false }) : DONE;

function serverCommand(text: string, help: string, act: Setter, usage = text): Command {
  return { words: text.split(' '), usage, help, level: 'admin', run: onServer(act) };
}

export const SERVER_COMMANDS: readonly Command[] = [
  serverCommand('disable agent', 'stop agent checks', disableAgent),
  serverCommand('disable health', 'stop health checks', disableHealth),
  serverCommand(
    'disable server',
    "put a server into maintenance (use 'set server')",
    (engine, target) => admin(engine, target, { do: 'state', state: 'maint' }),
    'disable server (DEPRECATED)',
  ),
  serverCommand('enable agent', 'start agent checks again', enableAgent),
  serverCommand('enable health', 'start health checks again', enableHealth),
  serverCommand(
    'enable server',
    "take a server out of maintenance (use 'set server')",
    (engine, target) => admin(engine, target, { do: 'state', state: 'ready' }),
    'enable server  (DEPRECATED)',
  ),
  {
    ...serverCommand('get weight', 'weight of a server, and the one it began with', getWeight, 'get weight <bk>/<srv>'),
    level: 'user',
  },
  serverCommand(
    'set server',
    'change state, weight, health or address of a server',
    setServer,
    'set server <bk>/<srv> [opts]',
  ),
  serverCommand(
    'set weight',
    "change the weight of a server (use 'set server')",
    setWeight,
    'set weight <bk>/<srv>  (DEPRECATED)',
  ),
];
