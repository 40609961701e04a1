/** Binds: that there are any, that no two claim one address, and which wait for an address to arrive. */
import { isIPv4, isIPv6 } from 'node:net';
import { hasFrontend } from '../defaults.js';
import type { Diagnostics } from '../diagnostics.js';
import type { Address, Bind, Model } from '../model.js';
import { addressText } from '../names.js';
import { isVirtual } from './vips.js';

interface Claim {
  bind: Bind;
  owner: string;
}

export function validateListeners(model: Model, diag: Diagnostics): void {
  const claims = new Map<string, Claim>();
  for (const proxy of model.proxies) {
    if (!hasFrontend(proxy)) continue;
    if (proxy.binds.length === 0 && !proxy.disabled) {
      const remedy = proxy.kind === 'listen' ? "add a 'bind' line, or write 'backend'" : "add a 'bind' line";
      diag.warning(
        'no-bind',
        proxy.loc,
        `${proxy.kind} '${proxy.name}' has no 'bind' line: nothing reaches it`,
        remedy,
      );
    }
    for (const bind of proxy.binds) claim(claims, { bind, owner: `${proxy.kind} '${proxy.name}'` }, diag);
    noticeForeignAddresses(proxy.binds, model, diag);
  }
}

/** HAProxy lets two listeners share an address, and the kernel deals connections out between them at random. */
function claim(claims: Map<string, Claim>, mine: Claim, diag: Diagnostics): void {
  const key = claimKey(mine.bind);
  const other = claims.get(key);
  claims.set(key, other ?? mine);
  if (!other) return;
  const where = `${other.owner} on line ${other.bind.loc?.line}`;
  const message = `${addressText(mine.bind.address)} is already bound by ${where}: connections go to either of the two`;
  diag.warning('duplicate-bind', mine.bind.loc, message, 'remove one of the two, or give it another address');
}

function claimKey(bind: Bind): string {
  const text = addressText(bind.address);
  return `${bind.interface ?? ''} ${text.replace(/^0\.0\.0\.0:/, '*:')}`;
}

/** Addresses that may move between hosts: told apart only by being neither wildcard nor loopback. One notice per address; none for our own virtual addresses. */
function noticeForeignAddresses(binds: readonly Bind[], model: Model, diag: Diagnostics): void {
  const told = new Set<string>();
  for (const { address, loc } of binds) {
    if (!mayBeElsewhere(address) || told.has(address.host) || isVirtual(address.host, model)) continue;
    told.add(address.host);
    diag.notice('address-may-be-elsewhere', loc, `${address.host} is served as soon as this host holds it`);
  }
}

function mayBeElsewhere(address: Address): address is Address & { kind: 'inet' } {
  if (address.kind !== 'inet') return false;
  if (isIPv4(address.host)) return !address.host.startsWith('127.') && address.host !== '0.0.0.0';
  return isIPv6(address.host) && address.host !== '::' && address.host !== '::1';
}
