/** Check endpoints: names that are unique, addresses that nobody else has. */
import type { Diagnostics } from '../diagnostics.js';
import type { AgentEndpoint, Model } from '../model.js';
import { addressText } from '../names.js';

export function validateAgents(model: Model, diag: Diagnostics): void {
  const agents = model.agents.filter(({ disabled }) => disabled !== true);
  agents.forEach((agent, i) => {
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
