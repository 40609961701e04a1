/** Instances as the model has them: what `global_defs` says is put in where they are silent. */
import type { Diagnostics } from '../diagnostics.js';
import { familyOf } from '../ip-text.js';
import type { GarpSettings, VirtualAddress, VrrpInstance } from '../model.js';
import { settleInstance } from '../vip-settle.js';
import type { Globals } from './globals.js';
import type { GarpGroup } from './group.js';
import type { Draft } from './instance.js';

/** keepalived's own, where neither the instance nor `default_interface` says one. */
const DEFAULT_INTERFACE = 'eth0';

/** @returns undefined after a complaint about what it cannot be without */
export function finishInstance(
  draft: Draft,
  globals: Globals,
  groups: ReadonlyMap<string, GarpGroup>,
  diag: Diagnostics,
): VrrpInstance | undefined {
  const {
    options: _,
    keywords,
    held: __,
    version: ownVersion,
    hasVmacs,
    usesVmac,
    isIPv6,
    authType,
    mustHavePeers,
    isUnicast,
    virtualRouterId,
    ...rest
  } = draft;
  checkUnicast(draft, diag);
  const hasInterface = draft.interface !== undefined || draft.unicastPeers !== undefined;
  if (virtualRouterId === undefined && !keywords.has('virtual_router_id'))
    diag.error(
      'missing-keyword',
      draft.loc,
      `'${draft.name}' has no 'virtual_router_id'`,
      'write a number from 1 to 255, the same on all routers',
    );
  if (!hasInterface && !keywords.has('interface'))
    diag.error(
      'missing-keyword',
      draft.loc,
      `'${draft.name}' has no 'interface'`,
      "write 'interface eth0', or 'unicast_peer'",
    );
  if (virtualRouterId === undefined || !hasInterface) return undefined;
  const family = familyFor(draft);
  const instance: VrrpInstance = {
    ...rest,
    version: versionFor(draft, family, globals, diag),
    family,
    virtualRouterId,
  };
  if (isIPv6 && family === 4)
    diag.warning(
      'mixed-families',
      draft.loc,
      `'native_ipv6' in '${draft.name}', which has IPv4 addresses`,
      'remove it',
    );
  takeGlobals(instance, globals);
  instance.garp = garpFor(draft, globals, groups);
  if (instance.interface === undefined) placeAddresses(instance, globals.defaultInterface ?? DEFAULT_INTERFACE);
  finishVmac(instance, draft, diag);
  checkPassword(instance, draft, diag);
  settleInstance(instance, diag);
  return instance;
}

function familyFor({ addresses, excludedAddresses, unicastPeers, sourceIp, isIPv6 }: Draft): 4 | 6 {
  const [first] = [...addresses, ...excludedAddresses];
  return familyOf(first?.ip ?? unicastPeers?.[0]?.ip ?? sourceIp ?? '') ?? (isIPv6 ? 6 : 4);
}

/** IPv6 has version 3 alone (RFC 9568). */
function versionFor(draft: Draft, family: 4 | 6, globals: Globals, diag: Diagnostics): 2 | 3 {
  if (family === 6 && draft.version === 2) {
    const message = "'version 2' knows no IPv6: version 3 is used, as keepalived does";
    diag.warning('version-2-ipv6', draft.at?.version, message, "write 'version 3'");
  }
  return family === 6 ? 3 : (draft.version ?? globals.version ?? 2);
}

function takeGlobals(to: VrrpInstance, globals: Globals): void {
  const names = [
    'downTimerAdverts',
    'lowerPrioNoAdvert',
    'higherPrioSendAdvert',
    'checkUnicastSource',
    'skipCheckAdvAddr',
    'strict',
  ] as const;
  for (const name of names)
    if (to[name] === undefined && globals[name] !== undefined) Object.assign(to, { [name]: globals[name] });
  const group = globals.multicast[to.family];
  if (to.multicastGroup === undefined && group !== undefined) to.multicastGroup = group;
  if (to.notify.priorityChanges === undefined && globals.priorityChanges !== undefined)
    to.notify.priorityChanges = globals.priorityChanges;
}

function garpFor(draft: Draft, globals: Globals, groups: ReadonlyMap<string, GarpGroup>): GarpSettings {
  const minimal: GarpSettings = globals.isMinimal ? { masterRepeat: 1, masterDelayMs: 0 } : {};
  const group = groups.get(draft.interface ?? '');
  return { ...minimal, ...globals.garp, ...group?.garp, ...draft.garp };
}

function placeAddresses({ addresses, excludedAddresses }: VrrpInstance, name: string): void {
  const place = (address: VirtualAddress) => {
    address.interface ??= name;
  };
  addresses.forEach(place);
  excludedAddresses.forEach(place);
}

function finishVmac(to: VrrpInstance, { usesVmac, hasVmacs }: Draft, diag: Diagnostics): void {
  const all = [...to.addresses, ...to.excludedAddresses];
  if (!usesVmac) {
    delete to.vmac;
    if (hasVmacs)
      for (const each of all) if (each.interface !== undefined && each.interface !== to.interface) each.usesVmac = true;
    return;
  }
  to.vmac = { ...to.vmac, ...(hasVmacs && { alsoForAddresses: true as const }) };
  const octets = to.vmac.mac?.split(':').map((octet) => octet.padStart(2, '0'));
  if (octets?.length === 5) octets.push(to.virtualRouterId.toString(16).padStart(2, '0'));
  if (octets) to.vmac.mac = octets.join(':');
  if (to.vmac.mac?.startsWith('00:00:5e:00:0')) {
    diag.warning(
      'vmac-mac',
      to.at?.vmac ?? to.loc,
      `${to.vmac.mac} is of those that VRRP gives out itself: it is not used`,
      'leave it out, or write another one',
    );
    delete to.vmac.mac;
  }
}

/** Without peers a keyword of unicast changes nothing about the group that adverts go to (keepalived says the same). */
function checkUnicast({ unicastPeers, isUnicast, mustHavePeers, name }: Draft, diag: Diagnostics): void {
  if (unicastPeers !== undefined) return;
  if (mustHavePeers !== undefined)
    diag.error(
      'no-peers',
      mustHavePeers,
      `'${name}' has no peers, and may not go without`,
      "write 'unicast_peer { … }'",
    );
  else if (isUnicast !== undefined)
    diag.warning(
      'no-peers',
      isUnicast,
      `'${name}' has no peers: its adverts go to the multicast group`,
      "write 'unicast_peer { … }', or 'mcast_src_ip'",
    );
}

function checkPassword(instance: VrrpInstance, { authType, at }: Draft, diag: Diagnostics): void {
  if (instance.password !== undefined && authType === undefined)
    diag.warning(
      'password-unused',
      at?.password,
      "a password without 'auth_type' is not used",
      "write 'auth_type PASS'",
    );
  if (instance.password === undefined && authType === 'PASS')
    diag.warning(
      'no-password',
      instance.loc,
      `'${instance.name}' has 'auth_type PASS' and no password`,
      "write 'auth_pass', or leave 'authentication' out",
    );
  if (authType === undefined) delete instance.password;
}
