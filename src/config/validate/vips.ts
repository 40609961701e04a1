/** Virtual addresses: names that must exist, ids and addresses that two must not share, and what could never work. */
import type { Diagnostics } from '../diagnostics.js';
import { canonical, familyOf } from '../ip-text.js';
import type { Located, Model, Tracked, Tracking, VipConfig, VrrpInstance, VrrpSyncGroup } from '../model.js';
import { didYouMean } from '../suggest.js';
import { validateWeights } from './vip-weights.js';

export function validateVips(model: Model, diag: Diagnostics): void {
  const { vips } = model;
  if (vips === undefined) return;
  complainNames(vips, diag);
  vips.instances.forEach((vip, i) => {
    const before = vips.instances.slice(0, i);
    complainId(vip, before, diag);
    complainAddresses(vip, before, diag);
    complainPeers(vip, diag);
    complainOddities(vip, diag);
    if (vip.strict) complainStrict(vip, diag);
  });
  complainGroups(vips, diag);
  complainTracked(model, vips, diag);
  validateWeights(vips, diag);
}

/** Within one file of keepalived the reader has seen to it. */
function complainNames(vips: VipConfig, diag: Diagnostics): void {
  const kinds: [string, readonly (Located & { name: string })[]][] = [
    ['virtual addresses', vips.instances],
    ['groups', vips.groups],
    ['scripts', vips.scripts],
    ['track files', vips.files],
    ['track processes', vips.processes],
  ];
  for (const [kind, items] of kinds)
    items.forEach(({ name, loc }, i) => {
      const other = items.slice(0, i).find((each) => each.name === name);
      if (other === undefined) return;
      const where = other.loc === undefined ? '' : ` (${other.loc.file}, line ${other.loc.line})`;
      diag.error('duplicate-name', loc, `there are two ${kind} '${name}'${where}`, 'give each its own name');
    });
}

/** Routers with one id on one network hear each other, unless they talk to others (keepalived.conf(5)). */
function complainId(vip: VrrpInstance, before: readonly VrrpInstance[], diag: Diagnostics): void {
  const other = before.find((each) => sharesNetwork(each, vip) && each.virtualRouterId === vip.virtualRouterId);
  if (other === undefined) return;
  const where = vip.interface === undefined ? '' : ` on ${vip.interface}`;
  const message = `'${vip.name}' has the router id ${vip.virtualRouterId} of '${other.name}'${where}`;
  diag.error('duplicate-router-id', vip.at?.virtualRouterId ?? vip.loc, message, freeId(vip, before));
}

function sharesNetwork(a: VrrpInstance, b: VrrpInstance): boolean {
  if (a.family !== b.family || a.interface !== b.interface) return false;
  if (a.unicastPeers !== undefined && b.unicastPeers !== undefined)
    return a.unicastPeers.some(({ ip }) => b.unicastPeers!.some((peer) => canonical(peer.ip) === canonical(ip)));
  return (a.unicastPeers === undefined) === (b.unicastPeers === undefined) && a.multicastGroup === b.multicastGroup;
}

function freeId(vip: VrrpInstance, before: readonly VrrpInstance[]): string {
  const taken = new Set(before.filter((each) => sharesNetwork(each, vip)).map((each) => each.virtualRouterId));
  const free = Array.from({ length: 255 }, (_, i) => i + 1).find((id) => id > vip.virtualRouterId && !taken.has(id));
  return free === undefined ? 'give each its own' : `give each its own, such as ${free}`;
}

/** Addresses of IPv6 that fit into one packet of 1,500 bytes; of IPv4 the count of eight bits ends first. */
const MOST_ADDRESSES = { 4: 255, 6: 90 } as const;

function complainAddresses(vip: VrrpInstance, before: readonly VrrpInstance[], diag: Diagnostics): void {
  const all = [...vip.addresses, ...vip.excludedAddresses];
  const most = MOST_ADDRESSES[vip.family];
  if (vip.addresses.length > most) {
    const message = `'${vip.name}' has ${vip.addresses.length} addresses, and one advert names ${most} at most`;
    diag.error('too-many-addresses', vip.addresses[most].loc, message, "move some to 'virtual_ipaddress_excluded'");
  }
  if (all.length === 0)
    diag.warning(
      'no-address',
      vip.loc,
      `'${vip.name}' has no address: nothing moves with it`,
      "write 'virtual_ipaddress { … }'",
    );
  for (const address of all) {
    const other = before.find((each) =>
      [...each.addresses, ...each.excludedAddresses].some(({ ip }) => canonical(ip) === canonical(address.ip)),
    );
    if (other === undefined) continue;
    const message = `${address.ip} is in '${other.name}' as well: two hosts may hold it at the same time`;
    diag.warning('address-twice', address.loc ?? vip.loc, message, 'keep it in one of them');
  }
}

function complainPeers(vip: VrrpInstance, diag: Diagnostics): void {
  const own = vip.sourceIp === undefined ? undefined : canonical(vip.sourceIp);
  const held = new Set(vip.addresses.map(({ ip }) => canonical(ip)));
  for (const { ip, loc } of vip.unicastPeers ?? []) {
    if (canonical(ip) === own)
      diag.warning(
        'peer-is-self',
        loc,
        `the peer ${ip} is the source address of '${vip.name}' itself`,
        'leave this host out of its peers',
      );
    if (held.has(canonical(ip)))
      diag.warning(
        'peer-is-vip',
        loc,
        `the peer ${ip} is the virtual address: it moves`,
        "write the host's own address",
      );
  }
}

function complainOddities(vip: VrrpInstance, diag: Diagnostics): void {
  const own = vip.track.interfaces.find(({ name }) => name === vip.interface);
  if (own !== undefined && vip.trackPrimary !== false)
    diag.warning(
      'track-own-interface',
      own.loc,
      `${own.name} is the interface of '${vip.name}', which is watched in any case`,
      'remove it here',
    );
  if (vip.at?.priority === undefined && vip.priority === 100 && vip.initialState === undefined)
    diag.notice(
      'priority-unset',
      vip.loc,
      `'${vip.name}' has priority 100, as every host with this file`,
      'write another on each host, so that it is known who is first',
    );
  if (vip.unicastPeers?.length === 0)
    diag.error(
      'no-peers',
      vip.loc,
      `'${vip.name}' has an empty list of peers`,
      'name the other routers, or leave the list out for multicast',
    );
  for (const rule of vip.rules)
    if (rule.preference === undefined)
      diag.warning(
        'rule-without-preference',
        rule.loc,
        'a rule without a preference comes wherever the kernel puts it',
        "write 'preference N'",
      );
}

/** What `vrrp_strict` forbids; keepalived leaves these out or goes to fault. */
function complainStrict(vip: VrrpInstance, diag: Diagnostics): void {
  const reasons: [boolean, string][] = [
    [vip.addresses.length === 0, 'an instance without addresses'],
    [vip.unicastPeers !== undefined, 'unicast peers'],
    [vip.password !== undefined, 'authentication'],
    [vip.preemptDelayMs !== undefined, 'a delay before preempting'],
    [vip.initialState === 'MASTER' && vip.priority !== 255, "'state MASTER' without priority 255"],
    [vip.higherPrioSendAdvert === true, "'higher_prio_send_advert'"],
    [vip.lowerPrioNoAdvert === false, "'lower_prio_no_advert' off"],
    [vip.vmac?.transmitsOnBase === true, "'vmac_xmit_base'"],
    [vip.accept === true && vip.version === 2, "'accept' in version 2"],
  ];
  for (const [is, what] of reasons)
    if (is)
      diag.warning(
        'not-strict',
        vip.at?.strict ?? vip.loc,
        `strict mode does not allow ${what}, which '${vip.name}' has`,
        "remove it, or write 'strict_mode off'",
      );
}

function complainGroups({ groups, instances }: VipConfig, diag: Diagnostics): void {
  const names = instances.map(({ name }) => name);
  groups.forEach((group, i) => {
    for (const name of group.instances) {
      if (!names.includes(name))
        diag.error(
          'unknown-instance',
          group.loc,
          `the group '${group.name}' names '${name}', which does not exist`,
          didYouMean(name, names, `known are ${names.join(', ')}`),
        );
      const other = groups.slice(0, i).find((each) => each.instances.includes(name));
      if (other !== undefined)
        diag.error(
          'in-two-groups',
          group.loc,
          `'${name}' is in the groups '${other.name}' and '${group.name}'`,
          'keep it in one',
        );
    }
    if (group.instances.length < 2)
      diag.warning(
        'lonely-group',
        group.loc,
        `the group '${group.name}' has ${group.instances.length === 0 ? 'no' : 'one'} member: nothing moves together`,
        'name two or more, or remove it',
      );
  });
  for (const group of groups) complainPriorities(group, instances, diag);
}

/** Half of a group here and half there: each half follows the other, for ever. */
function complainPriorities(group: VrrpSyncGroup, instances: readonly VrrpInstance[], diag: Diagnostics): void {
  const members = instances.filter(({ name }) => group.instances.includes(name));
  const states = new Set(members.map(({ initialState }) => initialState ?? 'BACKUP'));
  if (states.size > 1)
    diag.warning(
      'mixed-group',
      group.loc,
      `members of the group '${group.name}' begin in different states`,
      'write one state for all of them',
    );
}

function complainTracked(model: Model, vips: VipConfig, diag: Diagnostics): void {
  const frontends = model.proxies.filter(({ kind }) => kind !== 'backend').map(({ name }) => name);
  const known: { readonly [kind in Exclude<keyof Tracking, 'interfaces'>]: [string, readonly string[]] } = {
    scripts: ['script', vips.scripts.map(({ name }) => name)],
    files: ['track file', vips.files.map(({ name }) => name)],
    processes: ['track process', vips.processes.map(({ name }) => name)],
    frontends: ['service or frontend', frontends],
  };
  const owners = [...vips.instances, ...vips.groups];
  for (const { name: owner, track } of owners)
    for (const [kind, [what, names]] of Object.entries(known) as [
      Exclude<keyof Tracking, 'interfaces'>,
      [string, string[]],
    ][])
      for (const entry of track[kind]) complainUnknown(entry, owner, what, names, diag);
  for (const kind of ['scripts', 'files', 'processes'] as const)
    for (const { name, loc } of vips[kind])
      if (!owners.some(({ track }) => track[kind].some((each) => each.name === name)))
        diag.notice(
          'never-tracked',
          loc,
          `nothing tracks '${name}': it has no effect`,
          `name it in a 'track' block, or remove it`,
        );
}

function complainUnknown(
  { name, loc }: Tracked,
  owner: string,
  what: string,
  names: string[],
  diag: Diagnostics,
): void {
  if (names.includes(name)) return;
  const otherwise = names.length === 0 ? `there is no ${what} at all` : `known are ${names.join(', ')}`;
  diag.error(
    'unknown-tracked',
    loc,
    `'${owner}' tracks the ${what} '${name}', which does not exist`,
    didYouMean(name, names, otherwise),
  );
}

/** Whether an address of these instances is that of the host. */
export function isVirtual(host: string, { vips }: Model): boolean {
  if (familyOf(host) === undefined) return false;
  const all = (vips?.instances ?? []).flatMap(({ addresses, excludedAddresses }) => [
    ...addresses,
    ...excludedAddresses,
  ]);
  return all.some(({ ip }) => canonical(ip) === canonical(host));
}
