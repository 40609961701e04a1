/** What one virtual router cannot have together: said, and set right in the way keepalived does. Both readers end here. */
import type { Diagnostics, Loc } from './diagnostics.js';
import { familyOf } from './ip-text.js';
import type { VrrpInstance } from './model.js';
import { DEFAULT_DOWN_TIMER_ADVERTS, PASSWORD_BYTES } from './vip-defaults.js';

/** Longest interval that 12 bits of hundredths hold (RFC 9568 §5.2.7). */
const MAX_INTERVAL_3_MS = 40_950;

/** Changes `vip` in place. */
export function settleInstance(vip: VrrpInstance, diag: Diagnostics): void {
  settleInterval(vip, diag);
  if (vip.strict) settleStrict(vip, diag);
  settlePreemption(vip, diag);
  settlePassword(vip, diag);
  settleVmac(vip, diag);
  complainFamilies(vip, diag);
}

function at({ at: places, loc }: VrrpInstance, field: keyof VrrpInstance): Loc | undefined {
  return places?.[field] ?? loc;
}

/** Version 2 has whole seconds in its packets, version 3 hundredths. */
function settleInterval(vip: VrrpInstance, diag: Diagnostics): void {
  const { version, advertIntervalMs, name } = vip;
  const stepMs = version === 2 ? 1000 : 10;
  const longest = version === 2 ? 255_000 : MAX_INTERVAL_3_MS;
  const rounded = Math.min(longest, Math.max(stepMs, Math.round(advertIntervalMs / stepMs) * stepMs));
  if (rounded === advertIntervalMs) return;
  vip.advertIntervalMs = rounded;
  const what = version === 2 ? 'whole seconds from 1 to 255' : 'hundredths of a second, up to 40.95 s';
  const message = `version ${version} advertises in ${what}: '${name}' takes ${rounded / 1000} s`;
  const remedy = version === 2 ? 'use version 3 on all routers for other intervals' : `write ${rounded / 1000} s`;
  diag.warning('interval-rounded', at(vip, 'advertIntervalMs'), message, remedy);
}

/** What strict mode chooses where nothing is written (keepalived.conf(5), `vrrp_strict`). */
function settleStrict(vip: VrrpInstance, diag: Diagnostics): void {
  vip.accept ??= vip.priority === 255;
  vip.lowerPrioNoAdvert ??= true;
  if (vip.downTimerAdverts === undefined || vip.downTimerAdverts === DEFAULT_DOWN_TIMER_ADVERTS) return;
  const message = `strict mode waits ${DEFAULT_DOWN_TIMER_ADVERTS} intervals, not the ${vip.downTimerAdverts} of '${vip.name}'`;
  diag.warning('not-strict', at(vip, 'downTimerAdverts'), message, "remove it, or write 'strict_mode off'");
  delete vip.downTimerAdverts;
}

/** Who starts as master has preempted already. */
function settlePreemption(vip: VrrpInstance, diag: Diagnostics): void {
  if (vip.initialState !== 'MASTER') return;
  const remedy = "write 'state BACKUP' on all routers, or leave it out";
  if (vip.preempt === false) {
    delete vip.preempt;
    const message = `'nopreempt' has no effect with 'state MASTER': '${vip.name}' takes the address at every start`;
    diag.warning('nopreempt-master', at(vip, 'preempt'), message, remedy);
  }
  if (vip.preemptDelayMs !== undefined && vip.preemptDelayMs > 0) {
    const message = `'preempt_delay' has no effect with 'state MASTER': '${vip.name}' takes the address at every start`;
    diag.warning('preempt-delay-master', at(vip, 'preemptDelayMs'), message, remedy);
    delete vip.preemptDelayMs;
  }
}

function settlePassword(vip: VrrpInstance, diag: Diagnostics): void {
  if (vip.password === undefined) return;
  if (vip.version === 2) {
    const { password } = vip;
    const isTooLong = password.from === 'text' && Buffer.byteLength(password.text) > PASSWORD_BYTES;
    const long = `only the first ${PASSWORD_BYTES} characters of a password count`;
    if (isTooLong) diag.warning('password-too-long', at(vip, 'password'), long, 'write no more, on all routers');
    return;
  }
  delete vip.password;
  const message = `version 3 has no authentication: the password of '${vip.name}' is not used`;
  diag.warning('password-unused', at(vip, 'password'), message, "remove it, or use 'version 2'");
}

/** To peers a packet goes from an address, and that is on the interface below. */
function settleVmac(vip: VrrpInstance, diag: Diagnostics): void {
  if (vip.vmac === undefined || vip.unicastPeers === undefined || vip.vmac.transmitsOnBase) return;
  vip.vmac = { ...vip.vmac, transmitsOnBase: true };
  const message = `'${vip.name}' has peers: its adverts leave from ${vip.interface ?? 'the interface'}, not from the VMAC`;
  diag.warning('vmac-unicast', at(vip, 'unicastPeers'), message, "write 'vmac_xmit_base'");
}

function complainFamilies(vip: VrrpInstance, diag: Diagnostics): void {
  const judge = (ip: string | undefined, what: string, loc: Loc | undefined) => {
    if (ip === undefined || familyOf(ip) === vip.family) return;
    const message = `${what} ${ip} is not of the family of the addresses of '${vip.name}' (IPv${vip.family})`;
    diag.error('mixed-families', loc, message, `write an IPv${vip.family} address`);
  };
  for (const { ip, loc } of vip.unicastPeers ?? []) judge(ip, 'the peer', loc ?? vip.loc);
  judge(vip.sourceIp, 'the source', at(vip, 'sourceIp'));
  // One of `global_defs` is for its own family alone.
  judge(vip.multicastGroup, 'the multicast group', at(vip, 'multicastGroup'));
}
