/**
 * The hosts of the seed's network on one switch, and what can befall the switch. Faults happen there and not on a host:
 * one that is cut off keeps its link and does not know.
 *
 *   a 10.0.0.101 ─┐          ┌─ client  10.0.0.200
 *   b 10.0.0.102 ─┤  switch  ┤
 *   c 10.0.0.103 ─┘          └─ backend 10.0.0.20
 *
 * and as many more proxy hosts as somebody asks for.
 */
import { Host } from '../support/host.js';
import { run, type Sandbox } from '../support/sandbox.js';

/** The interface of the seed's file. */
export const INTERFACE = 'eth1';

interface Place {
  readonly address: string;
  readonly address6: string;
  readonly mac: string;
}

const PLACES = {
  a: place(101),
  b: place(102),
  c: place(103),
  d: place(104),
  e: place(105),
  f: place(106),
  backend: place(20),
  client: place(200),
} as const;

export type PlaceName = keyof typeof PLACES;

function place(n: number): Place {
  const hex = n.toString(16).padStart(2, '0');
  return { address: `10.0.0.${n}`, address6: `fd00::${n}`, mac: `02:00:0a:00:00:${hex}` };
}

export function addressOf(name: PlaceName, family: 4 | 6 = 4): string {
  return family === 4 ? PLACES[name].address : PLACES[name].address6;
}

export function macOf(name: PlaceName): string {
  return PLACES[name].mac;
}

export interface Network {
  readonly hosts: ReadonlyMap<PlaceName, Host>;
  readonly switch: Switch;
}

/** Of this process; each has its own names. */
let networks = 0;

export async function buildNetwork(sandbox: Sandbox, names: readonly PlaceName[]): Promise<Network> {
  const number = ++networks;
  const space = sandbox.namespace(`switch${number}`, '');
  const ip = (...words: string[]) => run('ip', ['-n', space, ...words]);
  ip('link', 'add', 'br0', 'type', 'bridge');
  ip('link', 'set', 'br0', 'up');
  const hosts = new Map<PlaceName, Host>();
  for (const name of names) hosts.set(name, await plugIn(sandbox, name, space, number));
  return { hosts, switch: new Switch(space) };
}

async function plugIn(sandbox: Sandbox, name: PlaceName, space: string, number: number): Promise<Host> {
  const { address, address6, mac } = PLACES[name];
  const namespace = sandbox.namespace(`${name}${number}`, '');
  const ip = (...words: string[]) => run('ip', ['-n', namespace, ...words]);
  ip('link', 'add', INTERFACE, 'address', mac, 'type', 'veth', 'peer', 'name', name, 'netns', space);
  run('ip', ['-n', space, 'link', 'set', 'dev', name, 'master', 'br0', 'up']);
  ip('address', 'add', `${address}/8`, 'dev', INTERFACE);
  ip('address', 'add', `${address6}/64`, 'dev', INTERFACE, 'nodad');
  // A link-local address is the source of every advertisement over IPv6: not seconds from now, but at once.
  run('ip', ['netns', 'exec', namespace, 'sysctl', '-qw', `net.ipv6.conf.${INTERFACE}.accept_dad=0`]);
  ip('link', 'set', INTERFACE, 'up');
  return Host.boot(sandbox, name, namespace);
}

/** What stands between the hosts. */
export class Switch {
  constructor(readonly namespace: string) {}

  /** Every packet from or to the host is dropped in silence. */
  cutOff(name: PlaceName): void {
    this.#drop([`iifname "${name}" drop`, `oifname "${name}" drop`]);
  }

  /** Two hosts that do not hear each other, and are heard by all others. */
  part(one: PlaceName, other: PlaceName): void {
    this.#drop([`iifname "${one}" oifname "${other}" drop`, `iifname "${other}" oifname "${one}" drop`]);
  }

  /** One hears the other no more, and is still heard. */
  deafen(deaf: PlaceName, to: PlaceName): void {
    this.#drop([`iifname "${to}" oifname "${deaf}" drop`]);
  }

  /** One transaction: a host that hears and cannot speak would be another fault. */
  #drop(rules: readonly string[]): void {
    const chain = `chain forward { type filter hook forward priority 0; policy accept; ${rules.join('; ')}; }`;
    run('ip', ['netns', 'exec', this.namespace, 'nft', '-f', '-'], `table bridge cut {\n${chain}\n}\n`);
  }

  heal(): void {
    run('ip', ['netns', 'exec', this.namespace, 'nft', 'delete', 'table', 'bridge', 'cut']);
  }

  /** The port goes down, and the host loses its carrier. */
  link(name: PlaceName, state: 'up' | 'down'): void {
    run('ip', ['-n', this.namespace, 'link', 'set', 'dev', name, state]);
  }
}
