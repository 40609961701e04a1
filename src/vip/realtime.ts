/** Scheduling, memory and rights of the VIP thread: neither load nor swapping may delay an advertisement. */
import type { VipSettings } from '../config/model.js';
import { CAP_NET_ADMIN, CAP_NET_RAW, keepNow, prepareToKeep } from '../linux/capabilities.js';
import { errnoText } from '../linux/errors.js';
import { lockMemory, setRealtime } from '../linux/realtime.js';

/** Before every ordinary thread, behind the kernel's own, which move the packets (50 and above). */
const DEFAULT_PRIORITY = 20;
const CAPABILITIES = [CAP_NET_ADMIN, CAP_NET_RAW];

export class Realtime {
  /** SCHED_RR priority in force, 0 for none. */
  priority = 0;
  isMemoryLocked = false;
  /** Why not; '' when both hold. */
  reason = '';
  private isPrepared = false;

  /** Takes effect for the calling thread; the program's pages are locked for the whole process, for good. */
  apply({ rtPriority, noSwap }: VipSettings, changesUser: boolean): void {
    if (!this.isPrepared && changesUser) prepareToKeep(CAPABILITIES);
    this.isPrepared = true;
    const wanted = rtPriority ?? DEFAULT_PRIORITY;
    const scheduled = setRealtime(wanted);
    this.priority = scheduled < 0 ? 0 : wanted;
    const lock = noSwap === false || this.isMemoryLocked ? null : lockMemory();
    if (lock?.errno === 0) this.isMemoryLocked = true;
    const reasons = [
      scheduled < 0 ? `real-time scheduling: ${errnoText(scheduled)}` : '',
      lock === null || lock.errno === 0 ? '' : `locked memory: ${lock.why}`,
    ];
    this.reason = reasons.filter((text) => text !== '').join('; ');
  }

  /** After the process gave root away. @returns what is lost, or null */
  keepCapabilities(): string | null {
    const result = keepNow(CAPABILITIES);
    return result < 0 ? `addresses cannot be changed any more: ${errnoText(result)}` : null;
  }
}
