/**
 * The seed's network on one machine: every host is a namespace with `eth0`, plugged into a bridge that lives in a
 * namespace of its own, so the machine's own interfaces are never touched.
 *
 *   galera-node01 10.0.0.1 ─┐
 *   galera-node02 10.0.0.2 ─┤ br0 (namespace "switch")
 *   galera-node03 10.0.0.3 ─┤
 *   haproxy-node01 10.0.0.10, with 10.0.0.100 as its service address
 *   client 10.0.0.200 ──────┘
 */
import { run, type Sandbox } from '../support/sandbox.js';

/** The seed's netmask is 255.0.0.0. */
const PREFIX_LENGTH = 8;

/** The seed's /etc/hosts. */
const HOSTS = `10.0.0.1 galera-node01
10.0.0.2 galera-node02
10.0.0.3 galera-node03
10.0.0.10 haproxy-node01
`;

interface Network {
  /** Namespace by node number, 0-based. */
  readonly nodes: readonly string[];
  readonly proxy: string;
  readonly client: string;
}

export const SERVICE_ADDRESS = '10.0.0.100';

/** @param n node number, 0-based */
export function nodeAddress(n: number): string {
  return `10.0.0.${n + 1}`;
}

export function buildNetwork(sandbox: Sandbox, nodes: number): Network {
  const bridge = sandbox.namespace('switch', '');
  run('ip', ['-n', bridge, 'link', 'add', 'br0', 'type', 'bridge']);
  run('ip', ['-n', bridge, 'link', 'set', 'br0', 'up']);
  const host = (name: string, addresses: readonly string[]) =>
    plugIn(sandbox.namespace(name, HOSTS), name, bridge, addresses);
  return {
    nodes: Array.from({ length: nodes }, (_, n) => host(`node${n + 1}`, [nodeAddress(n)])),
    proxy: host('proxy', ['10.0.0.10', SERVICE_ADDRESS]),
    client: host('client', ['10.0.0.200']),
  };
}

function plugIn(namespace: string, port: string, bridge: string, addresses: readonly string[]): string {
  run('ip', ['-n', namespace, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', port, 'netns', bridge]);
  run('ip', ['-n', bridge, 'link', 'set', port, 'master', 'br0', 'up']);
  for (const address of addresses)
    run('ip', ['-n', namespace, 'address', 'add', `${address}/${PREFIX_LENGTH}`, 'dev', 'eth0']);
  run('ip', ['-n', namespace, 'link', 'set', 'eth0', 'up']);
  return namespace;
}

/** The host vanishes: every packet in or out is dropped in silence, as when its power or its switch port fails. */
export function cutOff(namespace: string): void {
  const nft = (...args: string[]) => run('ip', ['netns', 'exec', namespace, 'nft', ...args]);
  nft('add', 'table', 'inet', 'cut');
  for (const hook of ['input', 'output']) {
    nft('add', 'chain', 'inet', 'cut', hook, `{ type filter hook ${hook} priority 0; policy drop; }`);
    nft('add', 'rule', 'inet', 'cut', hook, hook === 'input' ? 'iif' : 'oif', 'lo', 'accept');
  }
}

export function heal(namespace: string): void {
  run('ip', ['netns', 'exec', namespace, 'nft', 'delete', 'table', 'inet', 'cut']);
}
