/** Virtual addresses: ids and addresses that two must not share, and what could never work. */
import type { Diagnostics } from '../diagnostics.js';
import { canonical, familyOf } from '../ip-text.js';
import type { Located, Model, VipConfig, VrrpInstance } from '../model.js';
import { validateVipReferences } from './vip-references.js';
import { validateWeights } from './vip-weights.js';

export function validateVips(model: Model, diag: Diagnostics): void {
  const { vips } = model;
  if (vips === undefined) return;
  complainNames(vips, diag);
  const [byId, byAddress] = [new Map<string, VrrpInstance[]>(), new Map<string, VrrpInstance>()];
  for (const vip of vips.instances) {
    complainId(vip, byId, diag);
    complainAddresses(vip, byAddress, diag);
    complainPeers(vip, diag);
    complainOddities(vip, diag);
    if (vip.strict) complainStrict(vip, diag);
  }
  validateVipReferences(model, vips, diag);
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
  for (const [kind, items] of kinds) {
    const known = new Map<string, Located>();
    for (const { name, loc } of items) {
      const other = known.get(name);
      known.set(name, other ?? { loc });
      if (other === undefined) continue;
      const where = other.loc === undefined ? '' : ` (${other.loc.file}, line ${other.loc.line})`;
      diag.error('duplicate-name', loc, `there are two ${kind} '${name}'${where}`, 'give each its own name');
    }
  }
}

/** Routers with one id on one network hear each other, unless they talk to others (keepalived.conf(5)). */
function complainId(vip: VrrpInstance, known: Map<string, VrrpInstance[]>, diag: Diagnostics): void {
  const key = `${vip.family} ${vip.virtualRouterId} ${vip.interface ?? ''}`;
  const before = known.get(key) ?? [];
  known.set(key, [...before, vip]);
  const other = before.find((each) => sharesNetwork(each, vip));
  if (other === undefined) return;
  const where = vip.interface === undefined ? '' : ` on ${vip.interface}`;
  const message = `'${vip.name}' has the router id ${vip.virtualRouterId} of '${other.name}'${where}`;
  diag.error('duplicate-router-id', vip.at?.virtualRouterId ?? vip.loc, message, 'give each its own, from 1 to 255');
}

function sharesNetwork(a: VrrpInstance, b: VrrpInstance): boolean {
  if (a.unicastPeers !== undefined && b.unicastPeers !== undefined)
    return a.unicastPeers.some(({ ip }) => b.unicastPeers!.some((peer) => canonical(peer.ip) === canonical(ip)));
  return (a.unicastPeers === undefined) === (b.unicastPeers === undefined) && a.multicastGroup === b.multicastGroup;
}

/** Addresses of IPv6 that fit into one packet of 1,500 bytes; of IPv4 the count of eight bits ends first. */
const MOST_ADDRESSES = { 4: 255, 6: 90 } as const;

function complainAddresses(vip: VrrpInstance, known: Map<string, VrrpInstance>, diag: Diagnostics): void {
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
    const key = canonical(address.ip);
    const other = known.get(key);
    known.set(key, other ?? vip);
    if (other === undefined || other === vip) continue;
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

/** Whether an address of these instances is that of the host. */
export function isVirtual(host: string, { vips }: Model): boolean {
  if (familyOf(host) === undefined) return false;
  const all = (vips?.instances ?? []).flatMap(({ addresses, excludedAddresses }) => [
    ...addresses,
    ...excludedAddresses,
  ]);
  return all.some(({ ip }) => canonical(ip) === canonical(host));
}
