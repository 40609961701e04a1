/**
 * VRRP has no nonce: a packet that somebody keeps and sends again later looks like a new one. What can be told is the
 * same packet of the same source again, much sooner than its interval: a loop in the network, a mirrored port, or a
 * replay. Acting on it again would change nothing for an honest network, so it is counted instead.
 */

/** Sources whose last packet is remembered. */
const SOURCES_MAX = 32;
/** Part of its interval within which the same packet is not believed again. A master may answer rivals at once. */
const SOON = 0.1;

export class ReplayGuard {
  private readonly last = new Map<string, { readonly bytes: Uint8Array; readonly atMs: number }>();

  /**
   * To be asked while this router is no master: a master must hear even the same words again, for it may have become one
   * in between.
   * @param bytes of an accepted advertisement; copied
   * @param intervalMs what it says of its interval
   */
  isReplayed(source: string, bytes: Uint8Array, intervalMs: number, nowMs: number): boolean {
    const before = this.last.get(source);
    if (before && nowMs - before.atMs < SOON * intervalMs && areEqual(before.bytes, bytes)) return true;
    this.last.delete(source);
    this.last.set(source, { bytes: bytes.slice(), atMs: nowMs });
    if (this.last.size > SOURCES_MAX) this.forgetOldest();
    return false;
  }

  private forgetOldest(): void {
    for (const source of this.last.keys()) {
      this.last.delete(source);
      return;
    }
  }
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
