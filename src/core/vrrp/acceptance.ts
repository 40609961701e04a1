/**
 * Whether an advertisement is acted on: the rest of RFC 9568 §7.1 and RFC 3768 §7.1, as far as it asks for our own
 * configuration. Where the RFCs leave a choice, or keepalived 2.2 has made another one, we do as it does, so that two
 * routers of one id agree on what they have heard.
 */
import { type Decoded, effectivePassword, parseAdvertisement, refuse } from './packet.js';
import type { Advertisement, PacketOrigin } from './types.js';

const ADVERT_TTL = 255;

/** One virtual router of ours, and whom it listens to. */
export interface Expected {
  readonly version: 2 | 3;
  readonly family: 4 | 6;
  readonly vrid: number;
  readonly intervalMs: number;
  /** Those that the adverts name, in any order. */
  readonly addresses: readonly string[];
  /** '' for no authentication. */
  readonly password: string;
  /** Our own source addresses. */
  readonly ownSources: readonly string[];
  /** The multicast group; '' where adverts go to unicast peers. */
  readonly multicastGroup: string;
  readonly peers: readonly ExpectedPeer[];
  /** Only peers are heard (`check_unicast_src`). */
  readonly checksSource: boolean;
  /** `skip_check_adv_addr`: the source of the master heard last, whose addresses were checked then. '' otherwise. */
  readonly checkedSource: string;
}

interface ExpectedPeer {
  readonly ip: string;
  readonly minTtl?: number;
  readonly maxTtl?: number;
}

/** @param bytes what follows the IP header */
export function decodeAdvertisement(bytes: Uint8Array, origin: PacketOrigin, expected: Expected): Decoded {
  const wrongTtl = checkTtl(origin, expected);
  if (wrongTtl !== '') return refuse('ttl', wrongTtl, null);
  const parsed = parseAdvertisement(bytes, expected.family, origin);
  if (!parsed.ok) return parsed;
  return checkOrigin(parsed.ad, origin, expected) ?? checkContent(parsed.ad, origin, expected) ?? parsed;
}

/** 255 over multicast. keepalived asks nothing of unicast packets unless told to. */
function checkTtl({ source, ttl }: PacketOrigin, { multicastGroup, peers }: Expected): string {
  if (multicastGroup !== '')
    return ttl === ADVERT_TTL ? '' : `TTL ${ttl}, not 255: it came through a router or is forged`;
  const peer = peers.find(({ ip }) => ip === source);
  if (peer?.minTtl !== undefined && ttl < peer.minTtl) return `TTL ${ttl}, below min_ttl ${peer.minTtl} of this peer`;
  if (peer?.maxTtl !== undefined && ttl > peer.maxTtl) return `TTL ${ttl}, above max_ttl ${peer.maxTtl} of this peer`;
  return '';
}

function checkOrigin(ad: Advertisement, { source, destination }: PacketOrigin, expected: Expected): Decoded | null {
  if (ad.version !== expected.version)
    return refuse('version', `version ${ad.version}, this router speaks version ${expected.version}`, ad);
  if (expected.ownSources.includes(source))
    return refuse(
      'own-packet',
      `from our own address ${source}: looped back, sent again by somebody, or used twice`,
      ad,
    );
  if (ad.vrid !== expected.vrid)
    return refuse('vrid-unknown', `virtual router ${ad.vrid}, this one is ${expected.vrid}`, ad);
  if (expected.multicastGroup !== '' && destination !== expected.multicastGroup)
    return refuse('source', `sent to ${destination}, this router listens to ${expected.multicastGroup}`, ad);
  if (expected.checksSource && !expected.peers.some(({ ip }) => ip === source))
    return refuse('source', `${source} is none of our unicast peers`, ad);
  return null;
}

function checkContent(ad: Advertisement, { source }: PacketOrigin, expected: Expected): Decoded | null {
  const auth = checkAuthentication(ad, expected.password);
  if (auth !== null) return auth;
  const addresses = expected.checkedSource === source ? null : checkAddresses(ad, expected.addresses);
  if (addresses !== null) return addresses;
  return checkInterval(ad, expected.intervalMs);
}

/** RFC 3768 lets the owner's pass; keepalived does not, in neither version. */
function checkAddresses(ad: Advertisement, ours: readonly string[]): Decoded | null {
  if (ad.addresses.length !== ours.length)
    return refuse('address-count', `${ad.addresses.length} addresses, here are ${ours.length}`, ad);
  const missing = missingFrom(ad.addresses, ours);
  return missing === undefined ? null : refuse('addresses', `${missing} is not among its addresses`, ad);
}

/** RFC 3768 §5.3.6 has none any more; keepalived's PASS is that of RFC 2338. */
function checkAuthentication(ad: Advertisement, password: string): Decoded | null {
  if (ad.version !== 2) return null;
  const type = password === '' ? 0 : 1;
  if (ad.authType !== type)
    return refuse(
      'auth-type',
      `${AUTH_WORDS[ad.authType] ?? `authentication ${ad.authType}`}, here is ${AUTH_WORDS[type]}`,
      ad,
    );
  return ad.password === effectivePassword(password) ? null : refuse('auth-pass', 'another password than ours', ad);
}

const AUTH_WORDS = ['no authentication', 'authentication PASS', 'authentication AH'];

/** Version 2 discards another interval (RFC 3768 §7.1); version 3 learns it, but 0 is none (RFC 9568 §5.2.7). */
function checkInterval(ad: Advertisement, intervalMs: number): Decoded | null {
  if (ad.intervalMs === 0) return refuse('interval', 'an advertisement interval of 0', ad);
  if (ad.version === 3 || ad.intervalMs === intervalMs) return null;
  return refuse('interval', `an interval of ${ad.intervalMs / 1000} s, here it is ${intervalMs / 1000} s`, ad);
}

/** The first of ours that it does not name. Same order is the usual case, and is found in one pass. */
function missingFrom(theirs: readonly string[], ours: readonly string[]): string | undefined {
  for (let i = 0; i < ours.length; i++) if (theirs[i] !== ours[i] && !theirs.includes(ours[i])) return ours[i];
  return undefined;
}
