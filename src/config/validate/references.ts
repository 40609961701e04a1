/** Names: each proxy and server has its own, and every target exists. */
import { hasBackend, hasFrontend } from '../defaults.js';
import type { Diagnostics, Loc } from '../diagnostics.js';
import type { Model, Proxy, Server } from '../model.js';
import { didYouMean } from '../suggest.js';

export function validateReferences(model: Model, diag: Diagnostics): void {
  findDuplicates(model, diag);
  for (const proxy of model.proxies) {
    checkBackendTargets(proxy, model, diag);
    checkUseServers(proxy, diag);
    for (const server of proxy.servers) if (server.track !== undefined) checkTrack(proxy, server, model, diag);
  }
}

/** A frontend and a backend may share a name; two of a side may not. Ids are unique throughout. */
function findDuplicates(model: Model, diag: Diagnostics): void {
  for (const [i, proxy] of model.proxies.entries()) {
    const earlier = model.proxies.slice(0, i);
    const twin = earlier.find((other) => other.name === proxy.name && sharesSide(other, proxy));
    if (twin) {
      const message = `${proxy.kind} '${proxy.name}' has the name of the ${twin.kind} on line ${twin.loc?.line}`;
      diag.error('duplicate-proxy', proxy.loc, message, 'give each its own name');
    }
    const sameId = earlier.find((other) => other.id === proxy.id);
    if (sameId) {
      const message = `${proxy.kind} '${proxy.name}' has the id ${proxy.id} of ${sameId.kind} '${sameId.name}'`;
      diag.error('duplicate-id', proxy.at?.id ?? proxy.loc, message, 'choose another id');
    }
    findDuplicateIds('server', proxy.servers, diag);
    findDuplicateIds('bind', proxy.binds, diag);
  }
}

function findDuplicateIds(what: string, members: readonly { id?: number; loc?: Loc }[], diag: Diagnostics): void {
  const seen = new Map<number, Loc | undefined>();
  for (const { id, loc } of members) {
    if (id === undefined) continue;
    const isTwin = seen.has(id) && seen.get(id)?.line !== loc?.line;
    if (isTwin)
      diag.error(
        'duplicate-id',
        loc,
        `the ${what} on line ${seen.get(id)?.line} has the id ${id} too`,
        'choose another id',
      );
    seen.set(id, loc);
  }
}

function sharesSide(a: Proxy, b: Proxy): boolean {
  return (hasFrontend(a) && hasFrontend(b)) || (hasBackend(a) && hasBackend(b));
}

function checkBackendTargets(proxy: Proxy, model: Model, diag: Diagnostics): void {
  if (proxy.defaultBackend !== undefined && hasFrontend(proxy)) {
    checkBackend('default_backend', proxy, proxy.defaultBackend, proxy.at?.defaultBackend ?? proxy.loc, model, diag);
  }
  for (const rule of proxy.useBackends)
    if (!rule.isFormat) checkBackend('use_backend', proxy, rule.backend, rule.loc, model, diag);
}

function checkBackend(
  keyword: string,
  proxy: Proxy,
  name: string,
  loc: Loc | undefined,
  model: Model,
  diag: Diagnostics,
): void {
  const target = model.proxies.find((other) => other.name === name && hasBackend(other));
  if (!target) {
    const isFrontend = model.proxies.some((other) => other.name === name);
    const message = isFrontend ? `${keyword} '${name}' is a frontend` : `no backend '${name}'`;
    const names = model.proxies.filter(hasBackend).map((other) => other.name);
    diag.error(
      'unknown-backend',
      loc,
      `${message}, which ${proxy.kind} '${proxy.name}' sends to`,
      didYouMean(name, names, `add 'backend ${name}'`),
    );
  } else if (target === proxy) {
    diag.error(
      'backend-loop',
      loc,
      `${keyword} of listen '${name}' leads to itself`,
      'remove the line: its own servers are used anyway',
    );
  } else if (proxy.mode === 'http' && target.mode === 'tcp') {
    const from = `${proxy.kind} '${proxy.name}' in mode http cannot send to '${target.name}' in mode tcp`;
    diag.error('mode-mismatch', loc, from, 'give both the same mode');
  }
}

function checkUseServers(proxy: Proxy, diag: Diagnostics): void {
  const names = proxy.servers.map((server) => server.name);
  for (const rule of proxy.useServers) {
    if (rule.isFormat || names.includes(rule.server)) continue;
    diag.error(
      'unknown-server',
      rule.loc,
      `no server '${rule.server}' in ${proxy.kind} '${proxy.name}'`,
      didYouMean(rule.server, names, 'name one of its servers'),
    );
  }
}

interface Place {
  proxy: Proxy;
  server: Server;
}

/** A tracked server must exist and, at the end of the chain, be checked. */
function checkTrack(proxy: Proxy, server: Server, model: Model, diag: Diagnostics): void {
  const loc = server.at?.track ?? server.loc;
  if (server.check) {
    diag.error('track-and-check', loc, `server '${server.name}' both tracks and checks`, "remove 'check' or 'track'");
    return;
  }
  const seen = new Set<Server>([server]);
  let place: Place | undefined = { proxy, server };
  while (place?.server.track !== undefined) {
    const next = findTracked(place, model, loc, diag);
    if (!next) return;
    if (seen.has(next.server)) {
      diag.error('track-loop', loc, `server '${server.name}' tracks in a circle`, 'track a server that is checked');
      return;
    }
    seen.add(next.server);
    place = next;
  }
  if (place && !place.server.check && !place.server.agentCheck) {
    diag.error(
      'track-unchecked',
      loc,
      `server '${server.name}' tracks '${place.server.name}', which is not checked`,
      `add 'check' to server '${place.server.name}'`,
    );
  }
}

function findTracked(from: Place, model: Model, loc: Loc | undefined, diag: Diagnostics): Place | undefined {
  const [proxyName, serverName] = splitTrack(from.server.track ?? '', from.proxy.name);
  const proxy =
    proxyName === from.proxy.name
      ? from.proxy
      : model.proxies.find((other) => other.name === proxyName && hasBackend(other));
  if (!proxy) {
    const names = model.proxies.filter(hasBackend).map((other) => other.name);
    diag.error(
      'unknown-backend',
      loc,
      `no backend '${proxyName}' to track a server of`,
      didYouMean(proxyName, names, "write 'track BACKEND/SERVER'"),
    );
    return undefined;
  }
  const server = proxy.servers.find((other) => other.name === serverName);
  if (server) return { proxy, server };
  const names = proxy.servers.map((other) => other.name);
  diag.error(
    'unknown-server',
    loc,
    `no server '${serverName}' in '${proxyName}' to track`,
    didYouMean(serverName, names, "write 'track BACKEND/SERVER'"),
  );
  return undefined;
}

function splitTrack(track: string, ownProxy: string): [string, string] {
  const slash = track.indexOf('/');
  return slash < 0 ? [ownProxy, track] : [track.slice(0, slash), track.slice(slash + 1)];
}
