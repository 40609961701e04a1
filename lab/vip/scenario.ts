/**
 * What befalls host `a`, which has the address, and how it ends. Every fault has two halves: it begins, and is watched
 * until all is calm; it ends, and is watched again, for much of what goes wrong does so on the way back.
 */
import { sleep } from '../support/wait.js';
import type { Protocol } from './files.js';
import { addressOf, INTERFACE, type PlaceName, type Switch } from './network.js';
import type { Stack } from './stack.js';

export interface Scene {
  readonly a: Stack;
  readonly b: Stack;
  readonly switch: Switch;
  readonly protocol: Protocol;
}

/** What a stretch may cost at most; absent: nothing is promised. */
export interface Bar {
  /** Of the median and of the worst round. */
  readonly gapMs?: readonly [median: number, worst: number];
  readonly failedConnects?: number;
  readonly twoHoldersMs?: number;
  readonly settledMs?: number;
}

export interface Half {
  readonly name: string;
  /** Who should have the address in the end; null where two have it for as long as the fault lasts. */
  readonly expected: PlaceName | null;
  readonly begin: () => Promise<void> | void;
  /** What is wrong until `begin` has been carried out is of the half before. */
  readonly isRemedy?: true;
  readonly bar: Bar;
}

export interface Fault {
  readonly halves: readonly Half[];
}

/** Link down for this long, and up for as long, three times. */
const FLAP_MS = 300;
const FLAPS = 3;
/** A single lost advertisement never moves the address: three intervals and the skew, with what a busy machine adds. */
const LATE_MS = 50;

/** What is promised of Fairlead, by the interval of the advertisements. */
interface Promises {
  /** The other router notices by silence. */
  readonly silence: Bar;
  /** The addresses are given up, and a goodbye is said. */
  readonly goodbye: Bar;
  /** Nobody notices. */
  readonly smooth: Bar;
  /** Two routers that had not heard each other. */
  readonly healed: Bar;
  /** The kernel asks for neighbours once a second, and may have asked for the backend into the dead link: nobody waits for that. */
  readonly linkUp: Bar;
  /** It waits as a backup, as after a start. */
  readonly goesOn: Bar;
}

/** The bars that the whole is built for, at 20 ms. */
const FAST: Promises = {
  silence: { gapMs: [100, 150] },
  goodbye: { gapMs: [100, 150], twoHoldersMs: LATE_MS },
  smooth: { failedConnects: 0, twoHoldersMs: 2 * LATE_MS },
  healed: { gapMs: [150, 300], twoHoldersMs: 200, settledMs: 1000 },
  linkUp: { gapMs: [150, 300], twoHoldersMs: 200, settledMs: 2000 },
  goesOn: { failedConnects: 0, settledMs: 2000 },
};

/** Seconds as people have them: RFC 3768 §6.1, three intervals and the skew of priority 103. */
const SLOW: Promises = {
  silence: { gapMs: [3800, 4300] },
  goodbye: { gapMs: [1000, 1500], twoHoldersMs: LATE_MS },
  smooth: { failedConnects: 0, twoHoldersMs: 2 * LATE_MS },
  healed: { gapMs: [1500, 2500], twoHoldersMs: 1500, settledMs: 3000 },
  linkUp: { gapMs: [500, 1500], twoHoldersMs: 1500, settledMs: 8000 },
  goesOn: { failedConnects: 0, settledMs: 8000 },
};

export function faultsOf(scene: Scene): Fault[] {
  const promises = scene.protocol.intervalMs >= 1000 ? SLOW : FAST;
  return [
    ...steady(scene),
    ...processFaults(scene, promises),
    ...networkFaults(scene, promises),
    ...orderly(scene, promises),
  ];
}

function steady({ a }: Scene): Fault[] {
  const still = { failedConnects: 0, twoHoldersMs: 0, settledMs: 0 };
  return [
    { halves: [half('none', 'a', () => undefined, still)] },
    { halves: [half('reload (SIGHUP)', 'a', () => a.reload(), still)] },
  ];
}

function processFaults({ a, protocol }: Scene, { silence, goodbye, smooth, goesOn: resumed }: Promises): Fault[] {
  const isLong = Math.max(1500, 6 * protocol.intervalMs);
  const again = half('  starts again', 'a', () => a.start(), smooth);
  // What nobody was left to remove stays until it starts.
  const settles = half('  starts again', 'a', () => a.start(), { failedConnects: 0 });
  const goesOn = half('  goes on (SIGCONT)', 'a', () => a.thaw(), resumed);
  return [
    { halves: [half('proxy killed (SIGKILL)', 'b', () => a.kill('proxy'), goodbye), again] },
    { halves: [half('every process killed', 'b', () => a.kill('everything'), silence), settles] },
    { halves: [half('frozen (SIGSTOP)', 'b', () => freeze(a, 'everything', isLong), silence), goesOn] },
    { halves: [half('advertiser hangs (SIGSTOP)', 'b', () => freeze(a, 'advertiser', isLong), silence), goesOn] },
  ];
}

/** For as long as it takes the others to act, and to be seen acting. */
async function freeze(stack: Stack, what: 'everything' | 'advertiser', forMs: number): Promise<void> {
  stack.freeze(what);
  await sleep(forMs);
}

function networkFaults(scene: Scene, { silence, healed, linkUp }: Promises): Fault[] {
  const network = scene.switch;
  return [
    {
      halves: [
        half('host cut off', 'b', () => network.cutOff('a'), silence),
        remedy('  connected again', () => network.heal(), healed),
      ],
    },
    {
      halves: [
        half('link down', 'b', () => network.link('a', 'down'), { ...silence, twoHoldersMs: LATE_MS }),
        remedy('  link up', () => network.link('a', 'up'), linkUp),
      ],
    },
    { halves: [half('link flaps', 'a', () => flap(network), { settledMs: 10_000 })] },
    {
      halves: [
        half('the two do not hear each other', null, () => part(scene), {}),
        remedy('  hear each other again', () => network.heal(), healed),
      ],
    },
    {
      halves: [
        half('it is not heard, and hears', null, () => network.deafen('b', 'a'), {}),
        remedy('  is heard again', () => network.heal(), healed),
      ],
    },
  ];
}

/** In time they forget each other's MAC address: the heal then meets them as it would after a long separation. */
function part({ a, b, switch: network }: Scene): void {
  network.part('a', 'b');
  forget(a, b);
  forget(b, a);
}

function forget({ options: { host } }: Stack, other: Stack): void {
  host.run('ip', ['neigh', 'flush', 'to', addressOf(other.name), 'dev', INTERFACE]);
}

async function flap(network: Switch): Promise<void> {
  for (let n = 0; n < FLAPS; n++) {
    network.link('a', 'down');
    await sleep(FLAP_MS);
    network.link('a', 'up');
    await sleep(FLAP_MS);
  }
}

function orderly({ a, protocol }: Scene, { smooth }: Promises): Fault[] {
  // Longer than the first half is watched.
  const holdMs = protocol.intervalMs >= 1000 ? 15_000 : 5000;
  let heldUntilMs = 0;
  const handOver = () => {
    a.handOver(holdMs);
    heldUntilMs = Date.now() + holdMs;
  };
  const handBack = async () => {
    await sleep(Math.max(0, heldUntilMs - Date.now()));
    a.handBack();
  };
  return [
    { halves: [half('planned handover', 'b', handOver, smooth), half('  and back', 'a', handBack, smooth)] },
    {
      halves: [
        half('stopped in good order', 'b', () => a.stop(), smooth),
        half('  starts again', 'a', () => a.start(), smooth),
      ],
    },
  ];
}

function half(name: string, expected: PlaceName | null, begin: Half['begin'], bar: Bar): Half {
  return { name, expected, begin, bar };
}

/** The switch is as it was; only what comes after that is of interest. */
function remedy(name: string, begin: () => void, bar: Bar): Half {
  return { name, expected: 'a', begin, bar, isRemedy: true };
}
