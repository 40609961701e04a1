/**
 * Whether a weight can ever move an address. A router yields when its priority falls below that of another: with the
 * same weights everywhere, to those whose own priority is less than the weight below. What is tracked elsewhere is taken
 * to be well.
 */
import type { Diagnostics, Loc } from '../diagnostics.js';
import type { Tracked, VipConfig, VrrpInstance } from '../model.js';
import { DEFAULT_PROCESS_WEIGHT } from '../vip-defaults.js';

interface Weighed {
  readonly name: string;
  readonly weight: number;
  readonly loc?: Loc;
}

/** Weights from here on are as large as the distance that keepalived's manual recommends between routers. */
const USUAL_DISTANCE = 50;

export function validateWeights(vips: VipConfig, diag: Diagnostics): void {
  const groups = new Map(vips.groups.flatMap((group) => group.instances.map((name) => [name, group] as const)));
  const scripts = new Map(vips.scripts.map((script) => [script.name, script]));
  const processes = new Map(vips.processes.map((process) => [process.name, process]));
  for (const vip of vips.instances) {
    const all = weighed(vip, scripts, processes);
    const group = groups.get(vip.name);
    const isFixed = group !== undefined && !group.trackingWeight && !group.globalTracking;
    for (const one of all) {
      const why = isFixed ? `members of the group '${group.name}' have no weights of their own` : withoutEffect(vip);
      // A frontend has its weight from nobody: in a group its failure is a fault, as it should be.
      if (isFixed && vip.track.frontends.some(({ name }) => name === one.name)) continue;
      if (why !== undefined) complainIdle(vip, one, why, isFixed, diag);
      else judge(vip, one, all, diag);
    }
  }
}

type Things = ReadonlyMap<string, { weight?: number; reverse?: boolean }>;

function weighed({ track }: VrrpInstance, scripts: Things, processes: Things): Weighed[] {
  const of = (entries: readonly Tracked[], things: Things | undefined, usual: number) =>
    entries.flatMap(({ name, weight, reverse, loc }) => {
      const thing = things?.get(name);
      const found = weight ?? thing?.weight ?? usual;
      // In reverse the priority rises when something fails: whoever writes that has other plans.
      return found === 0 || (reverse ?? thing?.reverse) ? [] : [{ name, weight: found, loc }];
    });
  return [
    ...of(track.interfaces, undefined, 0),
    ...of(track.scripts, scripts, 0),
    ...of(track.processes, processes, DEFAULT_PROCESS_WEIGHT),
    ...of(track.frontends, undefined, 0),
  ];
}

function withoutEffect({ priority, preempt }: VrrpInstance): string | undefined {
  if (priority === 255) return 'priority 255, the owner of the address, never changes';
  return preempt === false ? "with 'nopreempt' no router takes the address from one that still advertises" : undefined;
}

function complainIdle(
  { name: vip }: VrrpInstance,
  { name, weight, loc }: Weighed,
  why: string,
  isFault: boolean,
  diag: Diagnostics,
): void {
  const message = `the weight ${weight} of '${name}' does nothing in '${vip}': ${why}`;
  const remedy = isFault
    ? "its failure is a fault; write 'weight 0', or track it in the group"
    : "write 'weight 0': then its failure is a fault, and the address goes";
  diag.warning('weight-without-effect', loc, message, remedy);
}

const clamp = (priority: number) => Math.min(254, Math.max(1, priority));

function judge(vip: VrrpInstance, one: Weighed, all: readonly Weighed[], diag: Diagnostics): void {
  const well = vip.priority + all.reduce((sum, { weight }) => sum + Math.max(0, weight), 0);
  const [high, low] = [clamp(well), clamp(well - Math.abs(one.weight))];
  const distance = Math.abs(one.weight);
  const own = Math.max(1, low + 1 - (well - vip.priority));
  const head = `'${one.name}' with weight ${one.weight} lowers '${vip.name}' from ${high} to ${low}`;
  if (low === high) {
    const message = `'${one.name}' with weight ${one.weight} lowers '${vip.name}' by nothing: ${well} is cut to 254, and so is ${well - distance}`;
    diag.warning('weight-never-moves', one.loc, message, `write a priority of at most ${vip.priority - (well - 254)}`);
    return;
  }
  if (distance === 1) {
    const message = `${head}: no router with a lower priority ever comes above that`;
    diag.warning('weight-never-moves', one.loc, message, advice(vip));
    return;
  }
  const message = `${head}: the address moves only to a router that has ${low + 1} or more then, ${own} of its own with the same weights`;
  const places = distance - 1;
  const peers = vip.unicastPeers?.length ?? 1;
  if (places < peers)
    diag.warning(
      'weight-too-small',
      one.loc,
      `${message}; of ${peers} peers with different priorities ${places} can`,
      advice(vip),
    );
  else if (distance < USUAL_DISTANCE && vip.initialState !== 'BACKUP')
    diag.notice('weight-reach', one.loc, message, advice(vip));
}

/** A weight that reaches below every other priority, or none. */
function advice({ priority }: VrrpInstance): string {
  return `give the routers priorities closer than the weight, or write 'weight -${Math.max(USUAL_DISTANCE, Math.min(253, priority - 1))}', or 'weight 0' for a fault`;
}
