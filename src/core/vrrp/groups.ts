/**
 * Sync groups: all members are master, or none. As in keepalived, one in fault takes all to FAULT, one that becomes
 * backup takes all to BACKUP, and all become master when the last of them hears no master any more: a member that still
 * hears one keeps the others waiting, so that two hosts never fight over which half of a group is where.
 */
import { enterBackup, takeoverReason } from './backup.js';
import { settleFault } from './fault.js';
import { leaveMaster } from './handover.js';
import { enterMaster } from './master.js';
import type { Turn, VirtualRouter } from './router.js';
import type { VrrpState } from './types.js';

export class SyncGroup {
  readonly members: VirtualRouter[] = [];
  /** The state that all have reached last. */
  private reached: VrrpState = 'INIT';

  constructor(readonly name: string) {}

  /** A reload makes groups anew. */
  inherit(before: SyncGroup | undefined): void {
    if (before) this.reached = before.reached;
  }

  /** Faults of the others, in words, for each member; then into FAULT or out of it. */
  settleFaults(turn: Turn): void {
    this.shareFaults();
    for (const member of this.members) settleFault(member, turn);
  }

  shareFaults(): void {
    for (const member of this.members)
      member.groupFaults = this.members
        .filter((other) => other !== member && other.ownFaults.length > 0)
        .map((other) => `${other.name} of group ${this.name}: ${other.ownFaults.join(', ')}`);
  }

  /** The others go where `moved` has gone. */
  followMember(moved: VirtualRouter, turn: Turn): void {
    const why = `${moved.name} of group ${this.name} became ${moved.state}`;
    for (const other of this.members) {
      if (other === moved) continue;
      if (moved.state === 'MASTER' && other.state === 'BACKUP') enterMaster(other, why, turn);
      if (moved.state === 'BACKUP' && other.isStanding) stepBack(other, why, turn);
    }
  }

  /** A timer of `last` has ended. */
  takeOverIfAllReady(last: VirtualRouter, turn: Turn): void {
    if (!this.members.every((member) => member.wouldBeMaster)) return;
    if (last.state === 'BACKUP') enterMaster(last, takeoverReason(last, turn.nowMs), turn);
  }

  /** After a reload: who joins a group that is master does not end its being so; who is gone keeps nobody waiting. */
  settleReload(turn: Turn): void {
    const master = this.members.find((member) => member.isStanding);
    if (master) this.followMember(master, turn);
    else this.takeOverIfAllReady(this.members[0], turn);
    for (const moved of turn.changed)
      if (moved.isStanding && this.members.includes(moved)) this.followMember(moved, turn);
  }

  tell(turn: Turn): void {
    const [first] = this.members;
    if (first.state === this.reached || this.members.some(({ state }) => state !== first.state)) return;
    this.reached = first.state;
    turn.push({ do: 'group-transition', group: this.name, to: first.state });
  }
}

/** Goodbye: nobody has to wait for us where we have heard no better master ourselves. */
function stepBack(r: VirtualRouter, why: string, turn: Turn): void {
  leaveMaster(r, turn);
  enterBackup(r, why, turn);
}
