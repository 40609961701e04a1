/** `vrrp_sync_group` and `garp_group`. */
import type { VrrpSyncGroup } from '../model.js';
import { interfaceOf } from './addresses.js';
import { type Globals, spacing } from './globals.js';
import { type Keywords, keyword, type Line, readBlock } from './line.js';
import { NOTIFY, nameList } from './programs.js';
import { type Names, nameOf } from './scripts.js';
import type { Statement } from './syntax.js';
import { noTracking, TRACK } from './track.js';

const GROUP: Keywords<VrrpSyncGroup> = {
  ...NOTIFY,
  ...TRACK,
  group: nameList<VrrpSyncGroup>((words, to, { diag }) => {
    const known = new Set(to.instances);
    for (const { text, loc } of words) {
      if (known.has(text))
        diag.warning('written-twice', loc, `'${text}' is in the group twice`, 'remove one of the two');
      else to.instances.push(text);
      known.add(text);
    }
  }),
  global_tracking: keyword((_, to) => {
    to.globalTracking = true;
  }),
  sync_group_tracking_weight: keyword((_, to) => {
    to.trackingWeight = true;
  }),
};

export function readGroup(line: Line, groups: VrrpSyncGroup[], statements: readonly Statement[], names: Names): void {
  const name = nameOf(line, names, 'vrrp_sync_group');
  if (name === undefined) return;
  const group: VrrpSyncGroup = { name, instances: [], track: noTracking(), notify: { any: [] }, loc: line.loc };
  readBlock(statements, GROUP, group, 'vrrp_sync_group', line.diag);
  groups.push(group);
}

/** Pauses between announcements on some interfaces. */
export interface GarpGroup {
  readonly garp: Globals['garp'];
  readonly interfaces: string[];
}

const GARP_GROUP: Keywords<GarpGroup> = {
  garp_interval: spacing('garpIntervalUs'),
  gna_interval: spacing('gnaIntervalUs'),
  interface: keyword((line, to) => {
    const name = interfaceOf(line);
    if (name !== undefined) to.interfaces.push(name);
  }),
  interfaces: nameList<GarpGroup>((words, to) => {
    to.interfaces.push(...words.map(({ text }) => text));
  }),
};

export function readGarpGroup(line: Line, groups: GarpGroup[], statements: readonly Statement[]): void {
  const group: GarpGroup = { garp: {}, interfaces: [] };
  readBlock(statements, GARP_GROUP, group, 'garp_group', line.diag);
  groups.push(group);
}
