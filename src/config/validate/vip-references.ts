/** Names that virtual addresses and their groups use: what they mean must exist. */
import type { Diagnostics } from '../diagnostics.js';
import type { Model, Tracked, Tracking, VipConfig, VrrpInstance, VrrpSyncGroup } from '../model.js';
import { didYouMean } from '../suggest.js';

/** Names among which a near miss is looked for; a large configuration has thousands. */
const NEAR_MISSES = 500;

export function validateVipReferences(model: Model, vips: VipConfig, diag: Diagnostics): void {
  const instances = new Map(vips.instances.map((vip) => [vip.name, vip]));
  const homes = new Map<string, string>();
  for (const group of vips.groups) {
    complainMembers(group, instances, homes, diag);
    complainSize(group, diag);
    complainStates(group, instances, diag);
  }
  complainTracked(model, vips, diag);
}

function complainMembers(
  group: VrrpSyncGroup,
  instances: ReadonlyMap<string, VrrpInstance>,
  homes: Map<string, string>,
  diag: Diagnostics,
): void {
  for (const name of group.instances) {
    const message = `the group '${group.name}' names '${name}', which does not exist`;
    if (!instances.has(name))
      diag.error('unknown-instance', group.loc, message, hint(name, [...instances.keys()], 'virtual address'));
    const other = homes.get(name);
    homes.set(name, other ?? group.name);
    const twice = `'${name}' is in the groups '${other}' and '${group.name}'`;
    if (other !== undefined) diag.error('in-two-groups', group.loc, twice, 'keep it in one');
  }
}

function complainSize({ name, instances, loc }: VrrpSyncGroup, diag: Diagnostics): void {
  if (instances.length > 1) return;
  const message = `the group '${name}' has ${instances.length === 0 ? 'no' : 'one'} member: nothing moves together`;
  diag.warning('lonely-group', loc, message, 'name two or more, or remove it');
}

/** Half of a group here and half there: each half follows the other, for ever. */
function complainStates(group: VrrpSyncGroup, instances: ReadonlyMap<string, VrrpInstance>, diag: Diagnostics): void {
  const members = group.instances.flatMap((name) => instances.get(name) ?? []);
  const states = new Set(members.map(({ initialState }) => initialState ?? 'BACKUP'));
  if (states.size < 2) return;
  const message = `members of the group '${group.name}' begin in different states`;
  diag.warning('mixed-group', group.loc, message, 'write one state for all of them');
}

type Named = Exclude<keyof Tracking, 'interfaces'>;

const NOUNS: { readonly [kind in Named]: string } = {
  scripts: 'script',
  files: 'track file',
  processes: 'track process',
  frontends: 'service or frontend',
};

function complainTracked(model: Model, vips: VipConfig, diag: Diagnostics): void {
  const things: { readonly [kind in Named]: readonly { name: string }[] } = {
    ...vips,
    frontends: model.proxies.filter(({ kind }) => kind !== 'backend'),
  };
  const owners = [...vips.instances, ...vips.groups];
  for (const kind of Object.keys(NOUNS) as Named[]) {
    const names = new Set(things[kind].map(({ name }) => name));
    const tracked = owners.flatMap(({ name: owner, track }) => track[kind].map((entry) => ({ owner, entry })));
    for (const { owner, entry } of tracked)
      if (!names.has(entry.name)) complainUnknown(entry, owner, NOUNS[kind], names, diag);
    if (kind !== 'frontends') complainIdle(vips[kind], new Set(tracked.map(({ entry }) => entry.name)), diag);
  }
}

function complainUnknown(
  { name, loc }: Tracked,
  owner: string,
  noun: string,
  names: ReadonlySet<string>,
  diag: Diagnostics,
): void {
  const message = `'${owner}' tracks the ${noun} '${name}', which does not exist`;
  diag.error('unknown-tracked', loc, message, hint(name, [...names], noun));
}

function hint(name: string, names: readonly string[], noun: string): string {
  const near = names.slice(0, NEAR_MISSES);
  const otherwise = names.length === 0 ? `there is no ${noun} at all` : `known are ${near.slice(0, 20).join(', ')}`;
  return didYouMean(name, near, otherwise) ?? otherwise;
}

function complainIdle(
  things: VipConfig['scripts'] | VipConfig['files'] | VipConfig['processes'],
  tracked: ReadonlySet<string>,
  diag: Diagnostics,
): void {
  for (const { name, loc } of things)
    if (!tracked.has(name))
      diag.notice(
        'never-tracked',
        loc,
        `nothing tracks '${name}': it has no effect`,
        "name it in a 'track' block, or remove it",
      );
}
