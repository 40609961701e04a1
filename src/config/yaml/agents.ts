/** `agents:`: addresses where other load balancers ask whether a server of this host may take traffic. */
import { z } from 'zod';
import { parseServerAddress } from '../address.js';
import { DEFAULT_AGENT_PORTS } from '../agents/defaults.js';
import { networkOf } from '../agents/networks.js';
import type { AgentEndpoint, Located } from '../model.js';
import { KIND_NAMES, roleKindOf } from '../role-fields.js';
import { didYouMean } from '../suggest.js';
import { listenAddress } from './address.js';
import {
  type Codec,
  count,
  duration,
  either,
  flag,
  nameOf,
  oneOrMany,
  type Place,
  strict,
  text,
  type Written,
} from './codec.js';
import { type Field, field, readFields, record, shapeOf, writeFields } from './fields.js';
import { ROLE_KEYS, ROLE_SHAPE, readRoleCheck, writeRoleCheck } from './role-check.js';
import { isObject, type Plain } from './source.js';

type Kind = AgentEndpoint['kind'];
type Rate = NonNullable<AgentEndpoint['connectionRate']>;
type Target = NonNullable<AgentEndpoint['target']>;

const SCRIPTS: { readonly [word: string]: Kind } = {
  clustercheck: 'clustercheck',
  pgsqlchk: 'pgsqlchk',
  psqlchk: 'pgsqlchk',
  cmonhachk: 'cmonhachk',
  program: 'program',
};
const TYPES = [...Object.keys(SCRIPTS), ...KIND_NAMES];

const typeSchema = z
  .string({ error: (issue) => `a type is needed, not ${nameOf(issue.input)}; write one of ${TYPES.join(', ')}` })
  .refine((word) => Object.hasOwn(SCRIPTS, word) || roleKindOf(word) !== undefined, {
    error: (issue) =>
      `unknown type ${nameOf(issue.input)}; ${didYouMean(String(issue.input), TYPES, `write one of ${TYPES.join(', ')}`)}`,
  })
  .meta({ examples: TYPES })
  .describe('What it answers: as clustercheck, pgsqlchk or cmonhachk, by a built-in check, or what a program says.');

const network: Codec<string> = {
  schema: z.string({ error: (issue) => `an address or a network is needed, not ${nameOf(issue.input)}` }),
  read: (data, place) => place.parsed('bad-network', networkOf(String(data))),
  write: (value) => value,
};

const target: Codec<Target> = {
  schema: z.string({ error: (issue) => `a server is needed, not ${nameOf(issue.input)}; write HOST:PORT or a path` }),
  read: (data, place) => {
    const found = place.parsed('bad-address', parseServerAddress(String(data)));
    if (found === undefined) return undefined;
    const { address, portMode } = found;
    if (address.kind === 'unix') return { host: address.path, port: 0 };
    if (address.kind === 'inet' && portMode !== 'offset') return { host: address.host, port: address.port };
    return place.error('bad-address', `'${data}' is no place of a server`, 'write HOST:PORT or a path');
  },
  write: ({ host, port }) => {
    const shown = host.includes(':') ? `[${host}]` : host;
    return host.startsWith('/') || port === 0 ? shown : `${shown}:${port}`;
  },
};

const rateFields: readonly Field<Rate & Located>[] = [
  field('per-second', 'perSecond', count(1), 'Most new connections in a second.'),
  field('pause', 'pauseMs', duration(), 'Nobody is served for this long once there are more.'),
];
const rate = record<Rate & Located>('a connection rate', rateFields, () => ({ perSecond: 50, pauseMs: 10_000 }));
const plainRate: Codec<Rate> = {
  schema: rate.schema,
  read: (data, place) => {
    const found = rate.read(data, place);
    return found && { perSecond: found.perSecond, pauseMs: found.pauseMs };
  },
  write: rate.write,
};

const words: Codec<string[]> = {
  schema: z.array(z.string(), { error: 'a program and its arguments are needed; write [ /path/program, argument ]' }),
  read: (data) => (data as Plain[]).map(String),
  write: (value) => value,
};

const environment: Codec<{ [name: string]: string }> = {
  schema: z.record(z.string(), either('a text is needed', z.string(), z.number(), z.boolean())),
  read: (data, place) => Object.fromEntries(place.entries(data).map(([name, value]) => [name, String(value)])),
  write: (value) => new Map(Object.entries(value)),
};

const fields: readonly Field<AgentEndpoint>[] = [
  field('disabled', 'disabled', flag, 'Read, and not run.'),
  field(
    'only-from',
    'onlyFrom',
    oneOrMany(network),
    'Who may ask: addresses and networks; everyone where nothing is written.',
  ),
  field('no-access', 'noAccess', oneOrMany(network), 'Who may not ask, whatever only-from says.'),
  field('per-source', 'perSource', count(1), 'Most connections of one address at a time.'),
  field('maxconn', 'maxconn', count(1), 'Most connections at a time; 1000 where nothing is written.'),
  field('connection-rate', 'connectionRate', plainRate, 'Most new connections in a second, and the pause after more.'),
  field(
    'share',
    'shareMs',
    duration(),
    'For how long one answer serves everyone; 100ms, or 1s where a program is run.',
  ),
  field(
    'timeout',
    'timeoutMs',
    duration(1),
    'Whoever asks hears an answer within this time; 1500ms where nothing is written.',
  ),
  field('target', 'target', target, 'The server: HOST:PORT, or the path of its socket.'),
  field('disabled-file', 'disabledFile', text, 'While this file exists the answer is 503.'),
  field(
    'defaults-file',
    'defaultsFile',
    text,
    'clustercheck: option file of the client, /etc/my.cnf where nothing is written.',
  ),
  field('env', 'env', environment, 'Environment of the program.'),
  field('run-as', 'user', text, 'User the program runs as.'),
  field('run-as-group', 'group', text, 'Group the program runs as.'),
  field('nodes', 'nodes', oneOrMany(text), 'cmonhachk: what the list of controllers calls this host.'),
];

const SHAPE = {
  type: typeSchema,
  bind: listenAddress.schema.optional().describe('Where to listen: HOST:PORT, or a port.'),
  ...shapeOf(fields),
  ...ROLE_SHAPE,
};

/** Keys that count for some types only. */
const ONLY: { readonly [key: string]: readonly Kind[] } = {
  target: ['clustercheck', 'pgsqlchk', 'check'],
  'defaults-file': ['clustercheck'],
  nodes: ['cmonhachk'],
  env: ['cmonhachk', 'program'],
  'run-as': ['cmonhachk', 'program'],
  'run-as-group': ['cmonhachk', 'program'],
};

export const agentsSchema = z
  .record(
    z.string(),
    strict('an agent', SHAPE, { port: "write 'bind: :PORT'", server: "write 'target: HOST:PORT'" }).meta({
      id: 'agent',
    }),
    {
      error: "agents are written with their names; write 'NAME:' with its settings below",
    },
  )
  .describe('Addresses where other load balancers ask whether a server of this host may take traffic.');

export function readAgents(data: Plain, place: Place): AgentEndpoint[] {
  return place
    .entries(data)
    .flatMap(([name, entry, at]) => (isObject(entry) ? (readAgent(name, entry, at) ?? []) : []));
}

function readAgent(name: string, data: { [key: string]: Plain }, place: Place): AgentEndpoint | undefined {
  const word = String(data.type);
  const kind = SCRIPTS[word] ?? 'check';
  const address = readBind(kind, data.bind, place);
  if (address === undefined) return undefined;
  const agent: AgentEndpoint = { name, kind, address, loc: place.keyLoc };
  readFields(fields, agent, data, place);
  if (data.bind !== undefined) agent.at = { ...agent.at, address: place.child('bind').loc };
  complainMisfits(kind, word, data, place);
  if (kind === 'cmonhachk' || kind === 'program') return readCommand(agent, data, place);
  const role = kind === 'clustercheck' ? 'galera' : kind === 'pgsqlchk' ? 'postgres' : roleKindOf(word)!;
  agent.check = readRoleCheck(role, data, place, undefined, undefined);
  return agent;
}

function readBind(kind: Kind, data: Plain | undefined, place: Place): AgentEndpoint['address'] | undefined {
  if (data === undefined) {
    const port = DEFAULT_AGENT_PORTS[kind];
    if (port !== undefined) return { kind: 'inet', family: 4, host: '*', port };
    place.source.diag.error('missing-key', place.keyLoc, 'the agent has no address', "write 'bind: HOST:PORT' in it");
    return undefined;
  }
  const address = listenAddress.read(data, place.child('bind'));
  if (address === undefined || address.kind === 'inet') return address;
  return place.child('bind').error('bad-address', 'an agent listens on TCP', "write 'HOST:PORT', or a port");
}

/** Keys that would have no effect are errors: somebody meant something by them. */
function complainMisfits(kind: Kind, word: string, data: { [key: string]: Plain }, place: Place): void {
  const isCommand = kind === 'cmonhachk' || kind === 'program';
  const idle = Object.keys(data).filter((key) => {
    if (Object.hasOwn(ONLY, key)) return !ONLY[key].includes(kind);
    return isCommand && ROLE_KEYS.includes(key) && key !== 'command';
  });
  for (const key of idle) {
    const { keyLoc, source } = place.child(key);
    source.diag.error('misfit-key', keyLoc, `'${key}' has no effect in an agent of type '${word}'`, 'remove it');
  }
}

function readCommand(agent: AgentEndpoint, data: { [key: string]: Plain }, place: Place): AgentEndpoint | undefined {
  const at = place.child('command');
  if (data.command !== undefined)
    agent.command = [data.command].flat().flatMap((each) => (isObject(each) ? [] : String(each)));
  const [program] = agent.command ?? [];
  if (program === undefined && agent.kind === 'program')
    return place.error(
      'missing-key',
      'the agent has no program to run',
      "write 'command: [ /path/program, argument ]'",
    );
  if (program !== undefined && agent.command!.length === 1 && /\s/.test(program)) {
    const remedy = `write '[ ${program.split(/\s+/).join(', ')} ]'`;
    return at.error('bad-value', `'${program}' is one word with spaces in it`, remedy);
  }
  return agent;
}

export function writeAgents(agents: readonly AgentEndpoint[]): Written {
  return new Map(agents.map((agent): [string, Written] => [agent.name, writeAgent(agent)]));
}

function writeAgent(agent: AgentEndpoint): Written {
  const role = agent.check === undefined ? [] : writeRoleCheck(agent.check);
  const command: [string, Written][] = agent.command === undefined ? [] : [['command', words.write(agent.command)]];
  return new Map<string, Written>([
    ['bind', listenAddress.write(agent.address)],
    ['type', agent.kind === 'check' ? agent.check!.kind : agent.kind],
    ...writeFields(fields, agent),
    ...command,
    ...role,
  ]);
}
