/** Check endpoints from the files of the programs they replace: pgsqlchk, xinetd services, clustercheck's settings. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Diagnostics } from '../diagnostics.js';
import type { Source } from '../haproxy/read.js';
import type { AgentEndpoint } from '../model.js';
import { applySettings, fromEnvironment, fromFile } from './clustercheck.js';
import { DEFAULT_AGENT_PORTS } from './defaults.js';
import { readPgsqlchk } from './pgsqlchk.js';
import { readXinetd, type Surroundings } from './xinetd.js';

export interface AgentSources {
  readonly pgsqlchk: readonly Source[];
  readonly xinetd: readonly Source[];
  /** `/etc/sysconfig/clustercheck`; with an xinetd service they are its settings, alone an endpoint on 9200. */
  readonly clustercheck: readonly Source[];
}

/** Never throws: what is wrong is in `diag`. */
export function readAgentFiles(sources: AgentSources, diag: Diagnostics, env: Surroundings['env']): AgentEndpoint[] {
  const world = { read, list, env };
  const services = readXinetd(sources.xinetd, sources.clustercheck, diag, world);
  const hasService = services.some(({ kind }) => kind === 'clustercheck');
  return [
    ...sources.pgsqlchk.flatMap((source) => readPgsqlchk(source, diag)),
    ...services,
    ...(hasService ? [] : sources.clustercheck.map((source) => alone(source, diag, env))),
  ];
}

function alone({ file, text }: Source, diag: Diagnostics, env: Surroundings['env']): AgentEndpoint {
  const loc = { file, line: 1, col: 1, len: 1 };
  const port = DEFAULT_AGENT_PORTS.clustercheck!;
  const address = { kind: 'inet', family: 4, host: '*', port } as const;
  const agent: AgentEndpoint = { name: 'clustercheck', kind: 'clustercheck', address, loc };
  applySettings(agent, [fromEnvironment(env), fromFile(file, text, diag)], diag);
  return agent;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // a file that need not be there
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return []; // as above
  }
}
