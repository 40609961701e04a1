/**
 * An interface with a virtual MAC (RFC 9568 §7.3): a macvlan on top of the instance's interface, and the settings of
 * ip-sysctl that make it alone answer for the addresses on it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { EEXIST } from './constants.js';
import type { RouteNetlink } from './route-netlink.js';

export interface VmacSpec {
  /** At most 15 characters. */
  readonly name: string;
  readonly parent: { readonly name: string; readonly index: number };
  /** `00:00:5e:00:01:VRID`, for IPv6 `00:00:5e:00:02:VRID`. */
  readonly mac: string;
  /** Whether IPv6 addresses will stand on it. */
  readonly ipv6: boolean;
}

/** One value of /proc/sys. */
export interface SysctlSetting {
  readonly path: string;
  readonly value: string;
}

/** `complaints`: settings that could not be made, for a person; the interface works, other MACs may answer too. */
export interface PreparedVmac {
  readonly index: number;
  /** What stood there before; those of the parent outlive the macvlan. */
  readonly before: readonly SysctlSetting[];
  readonly complaints: readonly string[];
}

/**
 * Makes the macvlan and sets it up. One of that name that is there already, as a crash leaves it, is removed first.
 * @returns what is ready, or -errno: -EPERM, -EINVAL for a MAC or name that is none, -EBUSY where the parent is taken
 */
export function prepareVmac(netlink: RouteNetlink, spec: VmacSpec): PreparedVmac | number {
  const index = addMacvlan(netlink, spec);
  if (index < 0) return index;
  const generation = netlink.setAddressGeneration(index, 'none'); // no link-local address from the MAC two hosts share
  const { before, complaints } = applySettings(vmacSettings(spec, read('/proc/sys/net/ipv4/conf/all/rp_filter')));
  if (generation < 0 && spec.ipv6) complaints.push(`${spec.name}: makes itself a link-local address: ${netlink.why}`);
  const result = netlink.setUp(index);
  if (result === 0) return { index, before, complaints };
  netlink.removeLink(index);
  return result;
}

function addMacvlan(netlink: RouteNetlink, { name, parent, mac }: VmacSpec): number {
  const wanted = { name, parentIndex: parent.index, mac, mode: 'private' } as const;
  const index = netlink.addMacvlan(wanted);
  const left = index === -EEXIST ? netlink.linkByName(name) : index;
  if (typeof left === 'number' || left.kind !== 'macvlan') return index;
  netlink.removeLink(left.index);
  return netlink.addMacvlan(wanted);
}

/**
 * What the interface and its parent need (Documentation/networking/ip-sysctl).
 * @param rpFilterOfAll of `conf/all`; the larger of it and the interface's own holds
 */
export function vmacSettings({ name, parent, ipv6 }: VmacSpec, rpFilterOfAll: string): SysctlSetting[] {
  const v4 = (device: string, key: string, value: number) => ({
    path: `/proc/sys/net/ipv4/conf/${device}/${key}`,
    value: String(value),
  });
  const v6 = (key: string, value: number) => ({ path: `/proc/sys/net/ipv6/conf/${name}/${key}`, value: String(value) });
  return [
    // Each answers ARP for its own addresses only: not the parent, with its MAC, for the virtual ones, nor the reverse.
    v4(parent.name, 'arp_ignore', 1),
    v4(name, 'arp_ignore', 1),
    // Packets from a virtual address leave through the parent; asking for their next hop, it names its own address, or
    // else neighbours would note the virtual address with the parent's MAC.
    v4(parent.name, 'arp_announce', 2),
    // Packets for a virtual address come in here although routes to their senders go through the parent.
    v4(name, 'rp_filter', rpFilterOfAll === '0' ? 0 : 2),
    v4(name, 'accept_local', 1), // another router of this host may be the sender
    v4(name, 'promote_secondaries', 1), // one address less does not take others of its network along
    ...(ipv6 ? [v6('accept_ra', 0), v6('autoconf', 0)] : [v6('disable_ipv6', 1)]),
  ];
}

/** @returns what stood there, of what was changed, and what could not be set */
export function applySettings(settings: readonly SysctlSetting[]): { before: SysctlSetting[]; complaints: string[] } {
  const before: SysctlSetting[] = [];
  const complaints: string[] = [];
  for (const { path, value } of settings) {
    const found = read(path);
    if (found === value) continue;
    try {
      writeFileSync(path, value);
      before.push({ path, value: found });
    } catch (error) {
      // A kernel without IPv6 has nothing to switch off there.
      if (!path.includes('/ipv6/') || found !== '') complaints.push(`${path}: ${(error as Error).message}`);
    }
  }
  return { before, complaints };
}

/** '' where it cannot be read. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
