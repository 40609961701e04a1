/** Check endpoints: names that are unique, addresses that nobody else has. */
import type { Diagnostics, Loc } from '../diagnostics.js';
import type { AgentEndpoint, Model } from '../model.js';
import { addressText } from '../names.js';

export function validateAgents(model: Model, diag: Diagnostics): void {
  const agents = model.agents.filter(({ disabled }) => disabled !== true);
  agents.forEach((agent, i) => {
    judgeCheck(agent, diag);
    const before = agents.slice(0, i);
    if (before.some(({ name }) => name === agent.name))
      diag.error('duplicate-agent', agent.loc, `there are two agents '${agent.name}'`, 'give each its own name');
    const other = before.find((each) => sharesAddress(each, agent));
    if (other) complain(agent, `agent '${other.name}'`, diag);
    for (const proxy of model.proxies)
      for (const { address } of proxy.binds)
        if (address.kind === 'inet' && collide(address, agent.address))
          complain(agent, `${proxy.kind} '${proxy.name}'`, diag);
  });
}

/** Whoever logs in must have a name; clustercheck and pgsqlchk have theirs. */
const NEEDS_USER: readonly string[] = ['galera', 'mysql', 'postgres'];

function judgeCheck(agent: AgentEndpoint, diag: Diagnostics): void {
  const { check } = agent;
  if (check === undefined) return;
  const at = (field: string) => check.at?.[field] ?? agent.loc;
  const who = `agent '${agent.name}'`;
  if (agent.kind === 'check' && check.user === undefined && NEEDS_USER.includes(check.kind))
    diag.error(
      'check-user-unset',
      agent.loc,
      `${who} has no user to log in as`,
      "add 'user', and 'password' where it needs one",
    );
  if (check.kind === 'exec') judgeProgram(check.command?.[0], who, at('command'), diag);
  const hasLag = check.maxLagMs !== undefined || check.maxLagBytes !== undefined;
  const lagAt = check.at?.maxLagMs ?? at('maxLagBytes');
  if (hasLag && (check.want ?? 'primary') === 'primary')
    diag.error(
      'lag-of-primary',
      lagAt,
      "'max-lag' is about replicas, and the primary is asked for",
      "add 'role: replica', or remove 'max-lag'",
    );
  if (check.kind === 'mysql' && check.maxLagBytes !== undefined)
    diag.error(
      'lag-in-bytes',
      lagAt,
      'MySQL and MariaDB tell their lag in seconds, not in bytes',
      "write a time such as '10s'",
    );
  if (check.primaryAsFallback === true)
    diag.error(
      'misfit-key',
      at('primaryAsFallback'),
      `'primary-as-fallback' has no effect in ${who}: it knows one server`,
      "write 'role: any', or remove it",
    );
}

function judgeProgram(program: string | undefined, who: string, loc: Loc | undefined, diag: Diagnostics): void {
  if (program === undefined)
    diag.error('check-command-unset', loc, `${who} has no program to run`, "add 'command' with its full path");
  else if (!program.startsWith('/'))
    diag.error(
      'check-command-path',
      loc,
      `'${program}' is not a full path`,
      `write the path, such as '/usr/local/bin/${program}'`,
    );
}

function sharesAddress(a: AgentEndpoint, b: AgentEndpoint): boolean {
  return collide(a.address, b.address);
}

type Inet = AgentEndpoint['address'];

/** An address of a family and all of that family cannot be listened on at once. */
function collide(a: Inet, b: Inet): boolean {
  const isAll = ({ host }: Inet) => host === '*' || host === '' || host === '0.0.0.0' || host === '::';
  const isSameHost = isAll(a) || isAll(b) || a.host === b.host;
  return a.port === b.port && isSameHost && (a.family || 4) === (b.family || 4);
}

function complain(agent: AgentEndpoint, owner: string, diag: Diagnostics): void {
  const loc = agent.at?.address ?? agent.loc;
  const message = `agent '${agent.name}' listens on ${addressText(agent.address)}, which ${owner} has`;
  diag.error('duplicate-agent-address', loc, message, 'give it another port');
}
