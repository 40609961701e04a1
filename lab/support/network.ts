/**
 * Hosts on one machine: each is a namespace with `eth0`, plugged into a bridge that lives in a namespace of its own, so
 * the machine's own interfaces are never touched.
 */
import { run, type Sandbox } from './sandbox.js';

/** All hosts stand in 10.0.0.0/8, the netmask of the seeds. */
const PREFIX_LENGTH = 8;

interface Host {
  /** Also the name of its port on the bridge: at most 15 characters (IFNAMSIZ). */
  readonly name: string;
  readonly address: string;
  /** An address that it answers to without announcing it: two hosts may have the same; others need a route. */
  readonly service?: string;
  /** Next hop for a service address. */
  readonly route?: { readonly to: string; readonly via: string };
}

/**
 * @param hostNames text of /etc/hosts on every host
 * @returns namespace by host name
 */
export function buildNetwork(sandbox: Sandbox, hosts: readonly Host[], hostNames: string): Map<string, string> {
  const bridge = sandbox.namespace('switch', '');
  run('ip', ['-n', bridge, 'link', 'add', 'br0', 'type', 'bridge']);
  run('ip', ['-n', bridge, 'link', 'set', 'br0', 'up']);
  return new Map(hosts.map((host) => [host.name, plugIn(sandbox.namespace(host.name, hostNames), host, bridge)]));
}

function plugIn(namespace: string, host: Host, bridge: string): string {
  const ip = (...args: string[]) => run('ip', ['-n', namespace, ...args]);
  ip('link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', host.name, 'netns', bridge);
  run('ip', ['-n', bridge, 'link', 'set', host.name, 'master', 'br0', 'up']);
  ip('address', 'add', `${host.address}/${PREFIX_LENGTH}`, 'dev', 'eth0');
  ip('link', 'set', 'eth0', 'up');
  if (host.service !== undefined) ip('address', 'add', `${host.service}/32`, 'dev', 'lo');
  if (host.route !== undefined) ip('route', 'add', `${host.route.to}/32`, 'via', host.route.via);
  return namespace;
}

/** The host vanishes: every packet in or out is dropped in silence, as when its power or its switch port fails. */
export function cutOff(namespace: string): void {
  const chain = (hook: string, lo: string) =>
    `add chain inet cut ${hook} { type filter hook ${hook} priority 0; policy drop; }\n` +
    `add rule inet cut ${hook} ${lo} lo accept\n`;
  const rules = `add table inet cut\n${chain('input', 'iif')}${chain('output', 'oif')}`;
  // One transaction: a host that hears and cannot speak would be another fault.
  run('ip', ['netns', 'exec', namespace, 'nft', '-f', '-'], rules);
}

export function heal(namespace: string): void {
  run('ip', ['netns', 'exec', namespace, 'nft', 'delete', 'table', 'inet', 'cut']);
}
