/** `set server … agent`, `agent-addr`, `agent-port`, `agent-send`, and `enable|disable agent` (management guide §9.3). */
import { isIP } from 'node:net';
import { S_AGENT_STATE } from '../../core/table.js';
import { DONE, type Message, refuse, refuseBare } from '../command.js';
import { type ServerTarget, serverRow } from '../lookup.js';
import { admin, type Operated, type Setter } from './setter.js';

const ENABLED = 4;
const PORT_MAX = 65535;

function isAsked(engine: Operated, target: ServerTarget): boolean {
  return ((serverRow(engine, target)?.get(S_AGENT_STATE) ?? 0) & ENABLED) !== 0;
}

const setAgent: Setter = (engine, target, [text]) => {
  if (!isAsked(engine, target)) return refuse('agent checks are not enabled on this server.');
  if (text === 'up' || text === 'down') return admin(engine, target, { do: 'agent', up: text === 'up' });
  return refuse("'set server <srv> agent' expects 'up' or 'down'.");
};

const setAddress: Setter = (engine, target, [host, word, portText]) => {
  if (!host) return refuse('set server <b>/<s> agent-addr requires an address and optionally a port.');
  if (!isAsked(engine, target)) return notAsked();
  if (isIP(host) === 0) return refuseBare(`invalid addr '${host}'`);
  if (word !== 'port') return admin(engine, target, { do: 'agent-target', addr: host });
  const port = portOf(portText);
  return typeof port === 'number' ? admin(engine, target, { do: 'agent-target', addr: host, port }) : port;
};

const setPort: Setter = (engine, target, [text]) => {
  if (!text) return refuse('set server <b>/<s> agent-port requires a port.');
  if (!isAsked(engine, target)) return notAsked();
  const port = portOf(text);
  return typeof port === 'number' ? admin(engine, target, { do: 'agent-target', port }) : port;
};

/** Nothing to send is something that may be set. */
const setSend: Setter = (engine, target, [text = '']) => {
  if (!isAsked(engine, target)) return refuse('agent checks are not enabled on this server.');
  return admin(engine, target, { do: 'agent-target', send: text });
};

function notAsked(): Message {
  return refuseBare('agent checks are not enabled on this server');
}

function portOf(text: string | undefined): number | Message {
  if (text === undefined || !/^\d+$/.test(text)) return refuseBare('provided port is not an integer');
  return Number(text) > PORT_MAX ? refuseBare('provided port is invalid') : Number(text);
}

export const AGENT_SETTERS: { readonly [word: string]: Setter } = {
  agent: setAgent,
  'agent-addr': setAddress,
  'agent-port': setPort,
  'agent-send': setSend,
};

export const enableAgent: Setter = (engine, target) => {
  if (target.server.agentCheck) return admin(engine, target, { do: 'agent-checks', enabled: true });
  return refuse('Agent was not configured on this server, cannot enable.');
};

export const disableAgent: Setter = (engine, target) =>
  target.server.agentCheck ? admin(engine, target, { do: 'agent-checks', enabled: false }) : DONE;
