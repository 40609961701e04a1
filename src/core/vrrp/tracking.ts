/**
 * What tracked things do to a router: a weight changes its priority, weight 0 means it cannot work without. The
 * arithmetic is that of keepalived 2.2 (keepalived.conf(5), and seen of the running program): a positive weight is added
 * while the thing is up, a negative one while it is down; `reverse` turns the sign of what happens; a file's number is
 * multiplied; the result stays within 1..254, and the owner of the addresses (255) stays what it is.
 */

export type TrackedKind = 'interface' | 'script' | 'file' | 'process' | 'frontend' | 'proxy';

/** A thing as one router tracks it: the weight is that which holds for this router. */
export interface Weighted {
  readonly kind: TrackedKind;
  readonly name: string;
  readonly weight: number;
  readonly isReverse: boolean;
}

export interface TrackedThing extends Weighted {
  /** null: not known yet. Of files: whether one could be read. */
  readonly up: boolean | null;
  /** Files: what they hold. */
  readonly number?: number;
}

/** What a thing does now. */
interface TrackedEffect {
  /** Added to the priority. */
  readonly effect: number;
  /** Why the router cannot work; '' where it can. */
  readonly fault: string;
}

export interface Tracked {
  readonly priority: number;
  readonly faults: readonly string[];
  /** In the order of the things. */
  readonly effects: readonly TrackedEffect[];
}

const OWNER = 255;
const PRIORITY_MAX = 254;
/** A file may say more; what is beyond is taken for this, and below its negative it is a fault. */
const EFFECT_MAX = 253;

/** @param base the configured priority, 1..255 */
export function track(base: number, things: readonly TrackedThing[]): Tracked {
  const effects = things.map((thing) => effectOf(base, thing));
  const sum = effects.reduce((total, { effect }) => total + effect, base);
  const faults = effects.map(({ fault }) => fault).filter((fault) => fault !== '');
  return { priority: base === OWNER ? OWNER : clamp(sum), faults, effects };
}

function clamp(priority: number): number {
  return Math.min(PRIORITY_MAX, Math.max(1, priority));
}

function effectOf(base: number, thing: TrackedThing): TrackedEffect {
  if (thing.weight === 0) return { effect: 0, fault: faultOf(thing) };
  if (base === OWNER || thing.up === null) return { effect: 0, fault: '' };
  if (thing.kind === 'file') return fileEffect(thing);
  return { effect: change(thing, thing.up), fault: '' };
}

function change({ weight, isReverse }: Weighted, isUp: boolean): number {
  if (weight > 0 !== isUp) return 0;
  return isReverse ? -weight : weight;
}

/** A file that cannot be read adds nothing. */
function fileEffect({ name, weight, isReverse, number = 0 }: TrackedThing): TrackedEffect {
  const value = number * (isReverse ? -weight : weight);
  if (value >= -EFFECT_MAX) return { effect: Math.min(EFFECT_MAX, value), fault: '' };
  return { effect: 0, fault: `file ${name} holds ${number}: with its weight that is below -${EFFECT_MAX}` };
}

/** Weight 0: until something is known of it, the router does not start, as in keepalived. */
function faultOf(thing: TrackedThing): string {
  const { kind, name, up, isReverse, number = 0 } = thing;
  if (up === null) return `${kind} ${name}: not known yet`;
  const isWell = kind === 'file' ? number === 0 : up;
  if (isWell !== isReverse) return '';
  if (kind === 'file') return `file ${name} holds ${number}${isReverse ? ' (reverse)' : ''}`;
  return `${WORDS[kind][isWell ? 0 : 1](name)}${isReverse ? ' (reverse)' : ''}`;
}

type Words = readonly [whenUp: (name: string) => string, whenDown: (name: string) => string];

const WORDS: { readonly [kind in Exclude<TrackedKind, 'file'>]: Words } = {
  interface: [(name) => `interface ${name} is up`, (name) => `interface ${name} is down`],
  script: [(name) => `script ${name} succeeds`, (name) => `script ${name} fails`],
  process: [(name) => `process ${name} runs`, (name) => `process ${name} does not run as it should`],
  frontend: [(name) => `frontend ${name} is up`, (name) => `frontend ${name} is down or has no usable server`],
  proxy: [() => 'the proxy is well', () => 'the proxy is not well'],
};

/** What the failure of one thing can lead to. */
export interface Reach {
  readonly thing: Weighted;
  /** Our priority with everything well, and with this one failed; 0 for a fault: any other router takes over. */
  readonly whenWell: number;
  readonly whenFailed: number;
  /**
   * A router that tracks the same things and is well itself takes over from us if its configured priority is in here.
   * null: no priority below ours makes the address move.
   */
  readonly peers: { readonly from: number; readonly to: number } | null;
}

/** Which priorities a peer must have so that the failure of each thing moves the address. Files say numbers: not here. */
export function reach(base: number, things: readonly Weighted[]): Reach[] {
  const countable = things.filter(({ kind, weight }) => kind !== 'file' || weight === 0);
  const whenWell = priorityWith(base, countable, null);
  return countable.map((thing) => {
    const whenFailed = thing.weight === 0 ? 0 : priorityWith(base, countable, thing);
    return { thing, whenWell, whenFailed, peers: peersAbove(whenFailed, base, countable) };
  });
}

/** A thing that is tracked in reverse fails by being up. */
function priorityWith(base: number, things: readonly Weighted[], failed: Weighted | null): number {
  return track(
    base,
    things.map((thing) => ({ ...thing, up: (thing === failed) === thing.isReverse, number: 0 })),
  ).priority;
}

/** Below ours, or it would be master anyway; and above what is left of ours, as equals are left alone. */
function peersAbove(left: number, base: number, things: readonly Weighted[]): Reach['peers'] {
  let from = base;
  while (from > 1 && priorityWith(from - 1, things, null) > left) from--;
  return from < base ? { from, to: base - 1 } : null;
}
