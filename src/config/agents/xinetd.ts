/**
 * Services of xinetd that are check endpoints: the scripts clustercheck, cmonhachk and pgsqlchk are answered for by
 * Fairlead itself, another program is run as xinetd would run it. Attributes as in xinetd.conf(5).
 */
import { basename } from 'node:path';
import type { Diagnostics } from '../diagnostics.js';
import type { Source } from '../haproxy/read.js';
import type { AgentEndpoint } from '../model.js';
import { applySettings, CLUSTERCHECK_FILES, fromArguments, fromEnvironment, fromFile } from './clustercheck.js';
import { DEFAULT_AGENT_PORTS } from './defaults.js';
import { type Attributes, attributesOf, inherited } from './xinetd-attributes.js';
import { type Entry, parseXinetd } from './xinetd-syntax.js';

/** What surrounds the files: other files that they or their scripts read, and the environment. */
export interface Surroundings {
  /** @returns undefined where there is no such file, or it may not be read */
  read(path: string): string | undefined;
  /** Names in a directory; none where there is no such directory. */
  list(path: string): string[];
  readonly env: { readonly [name: string]: string | undefined };
}

/** Files may include each other; this ends it. */
const MAX_DEPTH = 4;

/**
 * Never throws: what is wrong is in `diag`.
 * @param settings of clustercheck, where they were named; else those of the host are looked for
 */
export function readXinetd(
  sources: readonly Source[],
  settings: readonly Source[],
  diag: Diagnostics,
  world: Surroundings,
): AgentEndpoint[] {
  const files = settings.length > 0 ? settings : clustercheckFiles(world);
  const entries = sources.flatMap((source) => entriesOf(source, diag, world, 0));
  const defaults = entries.filter(({ service }) => service === null).flatMap(({ attributes }) => attributes);
  return entries.flatMap((entry) => {
    if (entry.service === null) return [];
    const attributes = attributesOf(entry, inherited(defaults, entry), diag);
    return attributes === undefined ? [] : (endpointOf(entry, attributes, { diag, world, files }) ?? []);
  });
}

function entriesOf({ file, text }: Source, diag: Diagnostics, world: Surroundings, depth: number): Entry[] {
  const { entries, includes } = parseXinetd(file, text, diag);
  const included = includes.flatMap(({ isDirectory, path }) => {
    const paths = isDirectory ? filesOf(path.text, world) : [path.text];
    return depth < MAX_DEPTH ? paths.flatMap((each) => readIncluded(each, diag, world, depth + 1)) : [];
  });
  return [...entries, ...included];
}

/** Names with a dot or a tilde at the end are not read. */
function filesOf(directory: string, world: Surroundings): string[] {
  const names = world.list(directory).filter((name) => !name.includes('.') && !name.endsWith('~'));
  return names.sort().map((name) => `${directory.replace(/\/$/, '')}/${name}`);
}

function readIncluded(file: string, diag: Diagnostics, world: Surroundings, depth: number): Entry[] {
  const text = world.read(file);
  if (text === undefined) return [];
  diag.addSource(file, text);
  return entriesOf({ file, text }, diag, world, depth);
}

interface Context {
  readonly diag: Diagnostics;
  readonly world: Surroundings;
  /** Of clustercheck. */
  readonly files: readonly Source[];
}

function clustercheckFiles(world: Surroundings): Source[] {
  return CLUSTERCHECK_FILES.flatMap((file) => {
    const text = world.read(file);
    return text === undefined ? [] : [{ file, text }];
  });
}

function endpointOf(entry: Entry, attributes: Attributes, context: Context): AgentEndpoint | undefined {
  const { diag, world } = context;
  const name = attributes.id ?? entry.service!;
  const kind = kindOf(attributes.server?.text ?? '');
  const port = attributes.port ?? portOf(entry.service!, world) ?? DEFAULT_AGENT_PORTS[kind];
  if (port === undefined) {
    const message = `service '${entry.service}' has no port, and /etc/services does not know it`;
    diag.error('no-port', entry.loc, message, "add 'port = N'");
    return undefined;
  }
  const agent: AgentEndpoint = { name, kind, address: addressOf(attributes, port), loc: entry.loc };
  Object.assign(agent, attributes.limits);
  if (attributes.portLoc) agent.at = { address: attributes.portLoc };
  if (kind === 'clustercheck') readClustercheck(agent, attributes, context);
  else if (kind === 'pgsqlchk') agent.check = { kind: 'postgres', loc: entry.loc };
  else readCommand(agent, attributes);
  warnOpen(agent, attributes, diag);
  return agent;
}

/** By the name of the program, whatever its directory and its ending. */
function kindOf(server: string): AgentEndpoint['kind'] {
  const name = basename(server).replace(/\.(py|sh|pl|rb)$/, '');
  if (name === 'clustercheck' || name === 'cmonhachk') return name;
  return name === 'pgsqlchk' || name === 'psqlchk' ? 'pgsqlchk' : 'program';
}

/** services(5): `mysqlchk  9200/tcp`. */
function portOf(service: string, world: Surroundings): number | undefined {
  for (const line of (world.read('/etc/services') ?? '').split('\n')) {
    const [name, port, ...aliases] = line.replace(/#.*$/, '').trim().split(/\s+/);
    const [, number] = /^(\d+)\/tcp$/.exec(port ?? '') ?? [];
    if (number !== undefined && [name, ...aliases].includes(service)) return Number(number);
  }
  return undefined;
}

function addressOf({ bind }: Attributes, port: number): AgentEndpoint['address'] {
  const host = bind?.text ?? '*';
  if (host === '*' || host === '0.0.0.0') return { kind: 'inet', family: 4, host: '*', port };
  if (host === '::') return { kind: 'inet', family: 6, host: '*', port };
  return { kind: 'inet', family: host.includes(':') ? 6 : /^[\d.]+$/.test(host) ? 4 : 0, host, port };
}

function readClustercheck(agent: AgentEndpoint, attributes: Attributes, { diag, world, files }: Context): void {
  for (const { file, text } of files) diag.addSource(file, text);
  const layers = [
    fromEnvironment(world.env),
    fromEnvironment(attributes.env, attributes.envLoc ?? agent.loc),
    ...files.map(({ file, text }) => fromFile(file, text, diag)),
    fromArguments(attributes.args, diag),
  ];
  applySettings(agent, layers, diag);
}

function readCommand(agent: AgentEndpoint, { server, args, env, user, group }: Attributes): void {
  if (agent.kind === 'program') agent.command = [server!.text, ...args.map(({ text }) => text)];
  if (Object.keys(env).length > 0 && agent.kind === 'program') agent.env = env;
  if (user !== undefined) agent.user = user;
  if (group !== undefined) agent.group = group;
}

/** What the published files say: everybody may have a program run on a database host, most often by root. */
function warnOpen(agent: AgentEndpoint, { onlyFromLoc, user }: Attributes, diag: Diagnostics): void {
  const isOpen = agent.onlyFrom === undefined || agent.onlyFrom.some((each) => each.endsWith('/0'));
  if (!isOpen) return;
  const loc = onlyFromLoc ?? agent.loc;
  const asRoot = agent.kind === 'program' && user === 'root' ? `, and has a program run as root` : '';
  const message = `everybody who reaches port ${agent.address.port} may ask${asRoot}`;
  diag.notice('agent-open-to-all', loc, message, "name your load balancers, such as 'only_from = 10.0.0.0/24'");
}
