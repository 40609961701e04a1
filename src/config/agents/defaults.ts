/** What holds for check endpoints where nothing is written: one place for readers and for the agents themselves. */
import type { AgentEndpoint } from '../model.js';

export const DEFAULT_AGENT_PORTS: { readonly [kind in AgentEndpoint['kind']]?: number } = {
  clustercheck: 9200,
  cmonhachk: 9201,
  pgsqlchk: 25432,
};

/** More pollers at one time than any installation has, and few enough to hold. */
export const DEFAULT_AGENT_MAXCONN = 1000;
