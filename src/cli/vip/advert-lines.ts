/** Adverts as `fairlead vip sniff` prints them, and the sums at its end. Pure. */
import { localTime } from '../../control/local-time.js';
import type { Paint } from '../../core/events/story.js';
import { counted, span } from '../../core/events/words.js';
import { type Decoded, parseAdvertisement } from '../../core/vrrp/packet.js';
import type { Advertisement } from '../../core/vrrp/types.js';

/** A packet as the ear heard it. */
export interface Heard {
  /** Epoch ms. */
  readonly atMs: number;
  readonly interface: string;
  readonly family: 4 | 6;
  readonly source: string;
  readonly destination: string;
  readonly ttl: number;
  readonly payload: Uint8Array;
}

/** What a packet says, and what is wrong with it. */
export interface Seen {
  readonly heard: Omit<Heard, 'payload'>;
  readonly ad: Advertisement | null;
  /** As counters and diagnostics name them, with facts. */
  readonly faults: readonly string[];
}

const ADVERT_TTL = 255;
const MULTICAST = /^(22[4-9]|23\d)\.|^ff/i;

export function readAdvert(heard: Heard): Seen {
  const { payload, ...rest } = heard;
  const decoded: Decoded = parseAdvertisement(payload, heard.family, heard);
  const faults = decoded.ok ? [] : [`${decoded.refusal}: ${decoded.detail}`];
  if (heard.ttl !== ADVERT_TTL && MULTICAST.test(heard.destination))
    faults.push(`ttl: ${heard.ttl}, not 255: it came through a router or is forged`);
  return { heard: rest, ad: decoded.ad, faults };
}

/** `12:01:02.345 eth1 v2 vrid 51 prio 104 10.0.0.101 -> 224.0.0.18 every 1 s auth PASS [10.0.0.130]` */
export function advertLine({ heard, ad, faults }: Seen, paint: Paint): string {
  const time = paint('quiet', localTime(heard.atMs).slice(-12));
  const way = `${heard.source} -> ${heard.destination}`;
  const wrong = faults.length === 0 ? '' : `  ${paint('bad', faults.join('; '))}`;
  if (ad === null) return `${time} ${heard.interface} ${way}${wrong}`;
  const priority = ad.priority === 0 ? paint('calm', 'prio 0 (goodbye)') : `prio ${ad.priority}`;
  const parts = [
    `v${ad.version}`,
    `vrid ${ad.vrid}`,
    priority,
    way,
    `every ${span(ad.intervalMs)}`,
    ...authText(ad),
    `[${ad.addresses.join(' ')}]`,
  ];
  return `${time} ${heard.interface} ${parts.join(' ')}${wrong}`;
}

const AUTH_TYPES: { readonly [type: number]: string } = { 0: 'none', 1: 'PASS', 2: 'AH' };

/** The password itself stays where it is: on the wire. */
function authText({ version, authType }: Advertisement): string[] {
  if (version === 3 || authType === 0) return [];
  return [`auth ${AUTH_TYPES[authType] ?? `type ${authType}`}`];
}

/** One JSON document, without the password. */
export function advertJson({ heard, ad, faults }: Seen): string {
  const { password: _password, ...said } = ad ?? { password: '' };
  return `${JSON.stringify({ time: new Date(heard.atMs).toISOString(), ...heard, ad: ad === null ? null : said, faults })}\n`;
}

// ── Sums ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What one router said about one virtual router. */
interface Talker {
  readonly vrid: number;
  readonly family: 4 | 6;
  readonly version: number;
  readonly source: string;
  count: number;
  goodbyes: number;
  faulty: number;
  firstMs: number;
  lastMs: number;
  priority: number;
  intervalMs: number;
  addresses: string;
  authType: number;
}

/** More are not told apart: whoever sends from ever new addresses must not fill our memory. */
const TALKERS_MAX = 1000;
/** Both spoke within so many of their intervals: both think they are master. */
const OVERLAP_INTERVALS = 3;
/** Seen and said intervals differ by more than a fifth. */
const DRIFT = 0.2;
/** So many adverts must be there before it is said that they come twice as often as they should. */
const DOUBLED_LEAST = 6;
const DOUBLED = 0.6;

export class AdvertSums {
  private readonly talkers = new Map<string, Talker>();
  private readonly both = new Map<string, Set<string>>();
  total = 0;
  faulty = 0;

  add({ heard, ad, faults }: Seen): void {
    this.total++;
    if (faults.length > 0) this.faulty++;
    if (ad === null) return;
    const key = `${ad.family} ${ad.vrid} ${heard.source}`;
    const talker = this.talkers.get(key) ?? this.fresh(key, ad, heard);
    if (talker === undefined) return;
    talker.count++;
    talker.lastMs = heard.atMs;
    if (faults.length > 0) talker.faulty++;
    if (ad.priority === 0) talker.goodbyes++;
    else this.note(talker, ad);
  }

  private fresh(key: string, ad: Advertisement, { source, atMs }: Seen['heard']): Talker | undefined {
    if (this.talkers.size >= TALKERS_MAX) return undefined;
    const { vrid, family, version, priority, intervalMs, authType } = ad;
    const counts = { count: 0, goodbyes: 0, faulty: 0, firstMs: atMs, lastMs: atMs };
    const said = { priority, intervalMs, addresses: addressesOf(ad), authType };
    const talker = { vrid, family, version, source, ...counts, ...said };
    this.talkers.set(key, talker);
    return talker;
  }

  private note(talker: Talker, ad: Advertisement): void {
    const said = {
      priority: ad.priority,
      intervalMs: ad.intervalMs,
      addresses: addressesOf(ad),
      authType: ad.authType,
    };
    Object.assign(talker, said);
    for (const other of this.rivalsOf(talker)) {
      if (talker.lastMs - other.lastMs > OVERLAP_INTERVALS * other.intervalMs || other.count < 2 || talker.count < 2)
        continue;
      const pairs = this.both.get(groupOf(talker)) ?? new Set();
      this.both.set(groupOf(talker), pairs.add([talker.source, other.source].sort().join(' and ')));
    }
  }

  private rivalsOf(talker: Talker): Talker[] {
    return [...this.talkers.values()].filter((one) => one !== talker && groupOf(one) === groupOf(talker));
  }

  /** @returns lines, each ended */
  text(paint: Paint): string {
    const groups = new Map<string, Talker[]>();
    for (const talker of this.talkers.values())
      groups.set(groupOf(talker), [...(groups.get(groupOf(talker)) ?? []), talker]);
    const lines = [...groups].flatMap(([group, talkers]) => [
      ...talkers.map((talker) => `  ${talkerLine(talker)}`),
      ...this.problems(group, talkers).map((text) => `  ${paint('bad', text)}`),
    ]);
    const head = `${counted(this.total, 'packet')}${this.faulty > 0 ? `, ${this.faulty} with faults` : ''}`;
    return [head, ...lines].map((line) => `${line}\n`).join('');
  }

  private problems(group: string, talkers: readonly Talker[]): string[] {
    const name = `vrid ${talkers[0].vrid}${talkers[0].family === 6 ? ' (IPv6)' : ''}`;
    const found = [...(this.both.get(group) ?? [])].map(
      (pair) =>
        `${name}: two masters at a time, ${pair}: they do not hear each other, or disagree on the password or version`,
    );
    for (const { source, count, intervalMs, ...times } of talkers)
      if (count >= DOUBLED_LEAST && seenInterval({ count, ...times }) < intervalMs * DOUBLED)
        found.push(`${name}: ${source} sends more often than it says: two programs with one id and one address?`);
    const differs = (what: string, values: readonly (string | number)[], remedy: string) => {
      if (new Set(values).size > 1)
        found.push(`${name}: ${what} differ, ${[...new Set(values)].join(' and ')}: ${remedy}`);
    };
    differs(
      'intervals',
      talkers.map(({ intervalMs }) => span(intervalMs)),
      'write the same advert_int on all',
    );
    differs(
      'versions',
      talkers.map(({ version }) => `VRRPv${version}`),
      'write the same version on all',
    );
    differs(
      'addresses',
      talkers.map(({ addresses }) => `[${addresses}]`),
      'write the same virtual_ipaddress on all',
    );
    differs(
      'authentication',
      talkers.map(({ authType }) => AUTH_TYPES[authType] ?? authType),
      'write the same on all',
    );
    return found;
  }
}

function groupOf({ family, vrid }: { family: 4 | 6; vrid: number }): string {
  return `${family} ${vrid}`;
}

function addressesOf({ addresses }: Advertisement): string {
  return [...addresses].sort().join(' ');
}

/** On average, of two adverts or more. */
function seenInterval({ count, firstMs, lastMs }: Pick<Talker, 'count' | 'firstMs' | 'lastMs'>): number {
  return (lastMs - firstMs) / (count - 1);
}

/** `vrid 51 from 10.0.0.101: 60 adverts, prio 104, every 1 s as it says` */
function talkerLine(talker: Talker): string {
  const { vrid, source, count, goodbyes, faulty, priority, intervalMs } = talker;
  const seenMs = count > 1 ? seenInterval(talker) : null;
  const isEven = seenMs !== null && Math.abs(seenMs - intervalMs) <= intervalMs * DRIFT;
  const rhythm =
    seenMs === null
      ? `says every ${span(intervalMs)}`
      : isEven
        ? `every ${span(intervalMs)} as it says`
        : `every ${span(seenMs)}, says ${span(intervalMs)}`;
  const more = [
    ...(goodbyes > 0 ? [counted(goodbyes, 'goodbye')] : []),
    ...(faulty > 0 ? [`${faulty} with faults`] : []),
  ];
  return [`vrid ${vrid} from ${source}: ${counted(count, 'advert')}`, `prio ${priority}`, rhythm, ...more].join(', ');
}
