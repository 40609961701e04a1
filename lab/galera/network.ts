/**
 * The seed's network, with two proxies that run the same file. Each holds the seed's service address without announcing
 * it, and has a client of its own that reaches the address by a route:
 *
 *   galera-node01 10.0.0.1 ─┐         ┌─ fairlead 10.0.0.10 ── client1 10.0.0.200
 *   galera-node02 10.0.0.2 ─┤ switch ─┤
 *   galera-node03 10.0.0.3 ─┘         └─ haproxy  10.0.0.11 ── client2 10.0.0.201
 */
import { buildNetwork } from '../support/network.js';
import type { ProxyName } from '../support/proxy.js';
import type { Sandbox } from '../support/sandbox.js';

/** The seed's /etc/hosts. */
const HOST_NAMES = '10.0.0.1 galera-node01\n10.0.0.2 galera-node02\n10.0.0.3 galera-node03\n10.0.0.10 haproxy-node01\n';

export const SERVICE_ADDRESS = '10.0.0.100';

const PROXY_ADDRESS = { fairlead: '10.0.0.10', haproxy: '10.0.0.11' } as const;

/** @param n node number, 0-based */
export function nodeAddress(n: number): string {
  return `10.0.0.${n + 1}`;
}

/** @param n node number, 0-based */
export function nodeHost(n: number): string {
  return `node${n + 1}`;
}

/** Where the client of a proxy stands. */
export function clientHost(name: ProxyName): string {
  return name === 'fairlead' ? 'client1' : 'client2';
}

/** @returns namespace by host name */
export function galeraNetwork(sandbox: Sandbox, nodes: number): Map<string, string> {
  const databases = Array.from({ length: nodes }, (_, n) => ({ name: nodeHost(n), address: nodeAddress(n) }));
  const proxies = (['fairlead', 'haproxy'] as const).flatMap((name, n) => [
    { name, address: PROXY_ADDRESS[name], service: SERVICE_ADDRESS },
    {
      name: clientHost(name),
      address: `10.0.0.${200 + n}`,
      route: { to: SERVICE_ADDRESS, via: PROXY_ADDRESS[name] },
    },
  ]);
  return buildNetwork(sandbox, [...databases, ...proxies], HOST_NAMES);
}
