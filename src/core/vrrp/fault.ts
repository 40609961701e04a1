/** FAULT, keepalived's fourth state: something is missing without which this host can be nobody's router. */
import { enterBackup } from './backup.js';
import { halt, leaveMaster } from './handover.js';
import { enterMaster } from './master.js';
import type { Turn, VirtualRouter } from './router.js';

/** Into FAULT or out of it, after what it rests on has changed. */
export function settleFault(r: VirtualRouter, turn: Turn): void {
  if (r.state === 'STOP' || r.state === 'INIT') return;
  if (r.isFaulty && r.state !== 'FAULT') enterFault(r, turn);
  else if (!r.isFaulty && r.state === 'FAULT') begin(r, 'nothing is in the way any more', turn);
}

/** A master leaves at once: its interface may be gone, and with it every hope of hearing a successor. */
export function enterFault(r: VirtualRouter, turn: Turn): void {
  if (r.isMaster) leaveMaster(r, turn);
  halt(r);
  r.followed = '';
  r.seen = '';
  r.moveTo('FAULT', [...r.ownFaults, ...r.groupFaults].join('; '), turn);
}

/** RFC 9568 §6.4.1: the owner of the addresses is master at once, others wait for one. */
export function begin(r: VirtualRouter, why: string, turn: Turn): void {
  if (r.isOwner) enterMaster(r, `${why}; owner of the addresses (priority 255)`, turn);
  else enterBackup(r, why, turn);
}
