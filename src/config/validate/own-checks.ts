/** What HAProxy's own checks need: programs that may run, a port for the agent. */
import { hasBackend } from '../defaults.js';
import type { Diagnostics } from '../diagnostics.js';
import type { Model, Proxy, Server } from '../model.js';

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
  if (!server.agentCheck || server.agentPort) return;
  const message = `server '${server.name}' has an agent check and no port to ask the agent at`;
  diag.error('agent-port-unset', server.loc, message, "add 'agent-port N'");
}
