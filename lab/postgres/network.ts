/**
 * Seed's two database hosts, and two proxies that run the same file:
 *
 *   sms-01 10.0.0.1 ─┐        ┌─ fairlead 10.0.0.10
 *   sms-02 10.0.0.2 ─┤ switch ┼─ haproxy  10.0.0.11
 *                    └────────┴─ client   10.0.0.200
 */
import { buildNetwork } from '../support/network.js';
import type { Sandbox } from '../support/sandbox.js';

/** As in the seed's file. */
export const SERVERS = ['sms-01', 'sms-02'] as const;

const HOST_NAMES = '10.0.0.1 sms-01\n10.0.0.2 sms-02\n';

export const PROXY_ADDRESS = { fairlead: '10.0.0.10', haproxy: '10.0.0.11' } as const;

export const DATABASE_PORT = 5432;

/** @param n server number, 0-based */
export function serverAddress(n: number): string {
  return `10.0.0.${n + 1}`;
}

/** @returns namespace by host name: sms-01, sms-02, fairlead, haproxy, client */
export function postgresNetwork(sandbox: Sandbox): Map<string, string> {
  const hosts = [
    ...SERVERS.map((name, n) => ({ name, address: serverAddress(n) })),
    { name: 'fairlead', address: PROXY_ADDRESS.fairlead },
    { name: 'haproxy', address: PROXY_ADDRESS.haproxy },
    { name: 'client', address: '10.0.0.200' },
  ];
  return buildNetwork(sandbox, hosts, HOST_NAMES);
}
