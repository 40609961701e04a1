/** Settings in which another router differs from ours, in words. `disagreements.ts` keeps and counts them. */
import type { Heard, OwnSettings } from './disagreements.js';
import type { Advertisement, Refusal } from './types.js';

export interface Found {
  readonly code: string;
  readonly text: string;
  readonly remedy: string;
}

type Words = (own: OwnSettings, heard: Heard) => Found | null;

const BY_REFUSAL: { readonly [refusal in Refusal]?: Words } = {
  interval: (own, { ad, source }) => (ad ? differentInterval(own, ad, source) : null),
  version: differentVersion,
  addresses: (own, { ad, source }) => (ad ? differentAddresses(own, ad, source) : null),
  'address-count': (own, { ad, source }) => (ad ? differentAddresses(own, ad, source) : null),
  'auth-type': differentPassword,
  'auth-pass': differentPassword,
  'own-packet': ownAddress,
  source: stranger,
  ttl: stranger,
};

/** @returns null where both agree */
export function differentSettings(own: OwnSettings, heard: Heard): Found | null {
  const { ad, refusal, source } = heard;
  if (refusal !== null) return BY_REFUSAL[refusal]?.(own, heard) ?? null;
  return ad && ad.intervalMs !== own.intervalMs ? differentInterval(own, ad, source) : null;
}

/** Version 2 discards, version 3 follows. */
function differentInterval({ intervalMs, version }: OwnSettings, ad: Advertisement, source: string): Found {
  const consequence =
    version === 2 || ad.intervalMs === 0
      ? 'its advertisements are discarded, so that both will be master'
      : 'while it is master, a takeover takes as long as its interval asks for';
  return {
    code: 'interval-differs',
    text: `${source} advertises every ${seconds(ad.intervalMs)}, this router every ${seconds(intervalMs)}: ${consequence}`,
    remedy: `set the same interval on both (advert_int ${intervalMs / 1000} on ${source}, or advert_int ${ad.intervalMs / 1000} here)`,
  };
}

function differentVersion(own: OwnSettings, { ad, source, detail }: Heard): Found {
  const theirs = ad ? `version ${ad.version}` : detail;
  return {
    code: 'version-differs',
    text: `${source} speaks VRRP ${theirs}, this router version ${own.version}: neither hears the other, so that both will be master`,
    remedy: `set the same version on both (keepalived: vrrp_version ${own.version} in global_defs of ${source})`,
  };
}

function differentAddresses(own: OwnSettings, ad: Advertisement, source: string): Found {
  const missing = own.addresses.filter((address) => !ad.addresses.includes(address));
  const extra = ad.addresses.filter((address) => !own.addresses.includes(address));
  const parts = [
    ...(missing.length > 0 ? [`it lacks ${missing.join(', ')}`] : []),
    ...(extra.length > 0 ? [`it also has ${extra.join(', ')}`] : []),
  ];
  const difference = parts.join(' and ') || `it names ${ad.addresses.length} where here are ${own.addresses.length}`;
  return {
    code: 'addresses-differ',
    text: `${source} advertises other addresses for virtual router ${own.vrid}: ${difference}; its advertisements are discarded`,
    remedy:
      `write the same virtual_ipaddress list on both, or give one of them another virtual_router_id if they are ` +
      'not meant to be one router',
  };
}

/** Never says what the passwords are. */
function differentPassword(own: OwnSettings, { source, detail }: Heard): Found {
  return {
    code: 'auth-differs',
    text: `${source} and this router do not agree on the password: ${detail}`,
    remedy: own.hasPassword
      ? `write the same authentication (auth_type PASS, auth_pass) on ${source}; the first 8 characters count`
      : `write the authentication of ${source} here too, or remove it there`,
  };
}

function ownAddress(own: OwnSettings, { source, state }: Heard): Found {
  return {
    code: 'duplicate-address',
    text: `an advertisement for virtual router ${own.vrid} came from ${source}, our own address, while this router is ${state}`,
    remedy: `look for another host with the address ${source}, for a loop in the network, or for a port that mirrors traffic back`,
  };
}

function stranger(own: OwnSettings, { source, detail }: Heard): Found {
  return {
    code: 'stranger',
    text: `${source} advertises virtual router ${own.vrid} and is not listened to: ${detail}`,
    remedy: `if it belongs to this router, correct that; if not, give one of the two another virtual_router_id`,
  };
}

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}
