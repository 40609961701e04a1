/** Hears from the kernel when a link of this host comes back (rtnetlink(7)). Without it nothing is lost but time. */
import { LinkLosses } from '../core/health/link-loss.js';
import { LinkMonitor, type NetworkChange } from '../linux/link-monitor.js';
import type { Reactor } from '../linux/reactor.js';
import { RouteNetlink } from '../linux/route-netlink.js';

/** @param awayMs how long it was away */
export type OnReturn = (name: string, awayMs: number) => void;

/**
 * Watches the links of the namespace that this thread is in, for as long as the thread lives.
 * @returns 0, or -errno where the kernel does not let us
 */
export function watchLinks(reactor: Reactor, onReturn: OnReturn): number {
  const netlink = RouteNetlink.open();
  if (typeof netlink === 'number') return netlink;
  const watch = new LinkWatch(netlink, onReturn);
  const monitor = LinkMonitor.ofLinks((change) => watch.changed(change));
  const opened = typeof monitor === 'number' ? monitor : monitor.watch(reactor);
  const result = opened < 0 ? opened : watch.begin();
  if (result === 0) return 0;
  netlink.close();
  if (typeof monitor !== 'number') monitor.close(reactor);
  return result;
}

class LinkWatch {
  private readonly losses = new LinkLosses();

  constructor(
    private readonly netlink: RouteNetlink,
    private readonly onReturn: OnReturn,
  ) {}

  /** @returns 0 or -errno */
  begin(): number {
    const links = this.netlink.links();
    if (typeof links === 'number') return links;
    this.losses.begin(links, performance.now());
    return 0;
  }

  changed(change: NetworkChange): void {
    if (change.what === 'link') this.told(change.link);
    if (change.what === 'link-removed') this.losses.removed(change.link.index);
    if (change.what === 'resync') this.resync();
  }

  private told({ index, name, isRunning }: { index: number; name: string; isRunning: boolean }): void {
    const awayMs = this.losses.changed(index, isRunning, performance.now());
    if (awayMs !== null) this.onReturn(name, awayMs);
  }

  /** Something was not told: what is now is asked for. What cannot be had now will be told when it changes again. */
  private resync(): void {
    const links = this.netlink.links();
    if (typeof links !== 'number') for (const link of links) this.told(link);
  }
}
