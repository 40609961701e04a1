/** What HAProxy's own checks need: programs that may run, a port for the agent. */
import { hasBackend, weightOf } from '../defaults.js';
import type { Diagnostics } from '../diagnostics.js';
import type { Model, Proxy, Server } from '../model.js';

/** Percents of less leave only a few steps. */
const COARSE_WEIGHT = 10;

export function validateOwnChecks(model: Model, diag: Diagnostics): void {
  for (const proxy of model.proxies) {
    if (!hasBackend(proxy)) continue;
    if (proxy.check.type === 'external') checkExternal(proxy, model, diag);
    for (const server of proxy.servers) checkAgent(server, diag);
  }
}

/** HAProxy demands both lines of the global section; without the second its checks fail. Ours run. */
function checkExternal(proxy: Proxy, { global }: Model, diag: Diagnostics): void {
  const loc = proxy.at?.check ?? proxy.loc;
  const of = `the external check of ${proxy.kind} '${proxy.name}'`;
  if (!global.externalCheck)
    diag.error('external-check-unset', loc, `${of} may not run`, "write 'external-check' in the global section");
  else if (!global.insecureForkWanted)
    diag.warning(
      'insecure-fork-unset',
      loc,
      `HAProxy starts no program without 'insecure-fork-wanted': ${of} fails there, and runs here`,
      "write 'insecure-fork-wanted' in the global section",
    );
  const { command, path } = proxy.check.builtin ?? {};
  if (command === undefined)
    diag.error('external-command-unset', loc, `${of} has no program`, "write 'external-check command PROGRAM'");
  else if (!command.startsWith('/') && path === undefined)
    diag.error(
      'external-command-path',
      loc,
      `${of} runs '${command}', and nothing says where that is`,
      "write its full path, or 'external-check path DIRECTORIES'",
    );
}

function checkAgent(server: Server, diag: Diagnostics): void {
  if (!server.agentCheck) return;
  if (!server.agentPort) {
    const message = `server '${server.name}' has an agent check and no port to ask the agent at`;
    diag.error('agent-port-unset', server.loc, message, "add 'agent-port N'");
  } else if (weightOf(server) < COARSE_WEIGHT && weightOf(server) > 0) {
    const message = `the agent of server '${server.name}' tells weights in percent of ${weightOf(server)}, rounded down: small ones are 0, which takes it out`;
    diag.warning('agent-weight', server.loc, message, "write 'weight 100' for all servers of the backend");
  }
}
