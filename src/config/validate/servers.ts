/** Servers and their checks. */
import { DEFAULT_FALL, hasBackend, intervalOf } from '../defaults.js';
import type { Diagnostics, Loc } from '../diagnostics.js';
import type { Model, Proxy, Server } from '../model.js';

/** An outage from here on, in ms, is worth a word: people expect a failover within seconds. */
const LONG_OUTAGE_MS = 20_000;

export function validateServers(model: Model, diag: Diagnostics): void {
  for (const proxy of model.proxies) {
    if (!hasBackend(proxy) || proxy.mode === 'http') continue;
    checkHasServers(proxy, diag);
    for (const server of proxy.servers) checkServer(proxy, server, diag);
    checkTimeout(proxy, diag);
    warnLongOutages(proxy, diag);
  }
}

function checkHasServers(proxy: Proxy, diag: Diagnostics): void {
  const leadsElsewhere =
    proxy.defaultBackend !== undefined || proxy.useBackends.length > 0 || proxy.options.transparent;
  if (proxy.servers.length > 0 || leadsElsewhere) return;
  diag.warning(
    'no-server',
    proxy.loc,
    `${proxy.kind} '${proxy.name}' has no server: every connection is refused`,
    "add 'server NAME HOST:PORT'",
  );
}

function checkServer(proxy: Proxy, server: Server, diag: Diagnostics): void {
  checkPort(proxy, server, diag);
  if (server.observe === 'layer7') {
    diag.warning(
      'observe-layer7',
      server.at?.observe ?? server.loc,
      "'observe layer7' needs mode http and is ignored",
      "write 'observe layer4'",
    );
  } else if (server.observe && !server.check) {
    diag.warning(
      'observe-unchecked',
      server.at?.observe ?? server.loc,
      `server '${server.name}' observes traffic but has no check to act on it`,
      "add 'check'",
    );
  }
  if (server.redir !== undefined)
    diag.error('redir-tcp', server.at?.redir ?? server.loc, "'redir' needs mode http", 'remove it');
  if (server.cookie !== undefined)
    diag.warning('cookie-tcp', server.at?.cookie ?? server.loc, "'cookie' needs mode http and is ignored", 'remove it');
  if ((server.slowstartMs ?? 0) > 0 && intervalOf(proxy, server) > (server.slowstartMs ?? 0)) {
    diag.warning(
      'slowstart-short',
      server.at?.slowstartMs ?? server.loc,
      "'slowstart' is shorter than 'inter': the server gets its full weight at once",
      "make 'slowstart' several times 'inter'",
    );
  }
}

/** A check needs a port: its own, the server's, or the one the script connects to. */
function checkPort(proxy: Proxy, server: Server, diag: Diagnostics): void {
  if (!server.check || server.address.kind !== 'inet' || server.portMode === 'fixed' || server.checkPort) return;
  const first = proxy.check.steps[0];
  if (first?.do === 'connect' && first.port !== undefined) return;
  diag.error(
    'check-port-unset',
    server.loc,
    `server '${server.name}' has no port of its own, so its check has none`,
    "add 'port N'",
  );
}

/** Without it a check that hangs is given up only after `inter`. */
function checkTimeout(proxy: Proxy, diag: Diagnostics): void {
  const { type } = proxy.check;
  const isTalking =
    type !== 'tcp' && type !== 'role' && type !== 'external' && proxy.servers.some((server) => server.check);
  if (!isTalking || proxy.timeouts.check !== undefined) return;
  const message = `${proxy.kind} '${proxy.name}' checks without 'timeout check': a server that accepts and says nothing is noticed only after 'inter' each time`;
  diag.warning('check-timeout-unset', proxy.at?.check ?? proxy.loc, message, "write 'timeout check 1s', below 'inter'");
}

/** One warning per setting, not per server: many servers share one `default-server` line. */
function warnLongOutages(proxy: Proxy, diag: Diagnostics): void {
  const told = new Set<string>();
  for (const server of proxy.servers) {
    const outageMs = server.check ? outageOf(proxy, server) : 0;
    const loc = server.at?.interMs ?? server.loc;
    if (outageMs < LONG_OUTAGE_MS || told.has(key(loc))) continue;
    told.add(key(loc));
    const message = `checks every ${seconds(intervalOf(proxy, server))} with 'fall ${server.fall ?? DEFAULT_FALL}' leave a dead server in use for up to ${seconds(outageMs)}`;
    diag.warning('long-outage', loc, message, "shorten 'inter', or add 'fastinter 1s' and 'observe layer4'");
  }
}

function key(loc: Loc | undefined): string {
  return loc ? `${loc.file}:${loc.line}:${loc.col}` : '';
}

/** From just after a good check to the last failed one: the first failure is found at `inter`, the others at `fastinter`. */
function outageOf(proxy: Proxy, server: Server): number {
  const interMs = intervalOf(proxy, server);
  return interMs + ((server.fall ?? DEFAULT_FALL) - 1) * (server.fastinterMs ?? interMs);
}

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}
