/**
 * Does what the machine of core/vrrp asks for, in its order: advertisements, addresses, announcements, words. The
 * watchdog hears of an address before the kernel has it, and of its end after it is gone: it may know too much, never
 * too little.
 */
import type { Notifications } from '../config/model.js';
import type { FromVip, VipNotice } from '../core/vrrp/messages.js';
import type { RouterAction, Transition, VrrpState } from '../core/vrrp/types.js';
import type { Announcer } from './announcer.js';
import type { Holdings } from './holdings.js';
import type { Lateness } from './lateness.js';
import type { PeerProbe } from './peer-probe.js';
import type { Transport } from './transport.js';
import type { VirtualRouter } from './virtual-router.js';

export interface EffectsContext {
  readonly routers: ReadonlyMap<string, VirtualRouter>;
  readonly transport: Transport;
  readonly holdings: Holdings;
  readonly announcer: Announcer;
  readonly probe: PeerProbe;
  readonly lateness: Lateness;
  readonly post: (message: FromVip) => void;
  /** Programs and FIFOs are told by the helper process. */
  readonly notify: (notice: VipNotice, programs: Notifications) => void;
  readonly groupNotifications: (group: string) => Notifications | undefined;
  /** What is held has changed, or is about to. */
  readonly holdingsChanged: () => void;
  /** Where an instance puts addresses that name no interface. */
  readonly ownInterface: (router: VirtualRouter) => string | undefined;
  readonly nowMs: () => number;
  readonly epochMs: () => number;
}

type ActionOf<D extends RouterAction['do']> = Extract<RouterAction, { do: D }>;

export class Effects {
  constructor(private readonly context: EffectsContext) {}

  perform(actions: readonly RouterAction[]): void {
    for (const action of actions) this.one(action);
  }

  private one(action: RouterAction): void {
    if (action.do === 'group-transition') {
      this.groupMoved(action);
      return;
    }
    const router = this.context.routers.get(action.router);
    if (router === undefined) return;
    switch (action.do) {
      case 'advertise':
        this.advertise(router, action.priority);
        return;
      case 'take':
        this.take(router);
        return;
      case 'release':
        this.release(router);
        return;
      case 'announce':
        this.context.announcer.announce(router, action.why);
        return;
      case 'ask-peer':
        this.context.probe.ask(router, action.address);
        return;
      case 'transition':
        this.moved(router, action.change);
        return;
      case 'priority-changed':
        this.priorityChanged(router, action);
        return;
      case 'heard-lower':
        this.notify(router, 'MASTER_RX_LOWER_PRI', router.priority);
        return;
      case 'remark':
        this.log(action.level, `${router.name}: ${action.text}`);
        return;
    }
  }

  private advertise(router: VirtualRouter, priority: number): void {
    const { transport, lateness, announcer, nowMs } = this.context;
    transport.send(router, priority);
    if (priority === 0) announcer.cancel(router); // clients are the successor's from now on
    const atMs = nowMs();
    if (router.advertDueMs !== null) lateness.add(atMs - router.advertDueMs, atMs);
    router.advertDueMs = priority === 0 ? null : atMs + router.config.advertIntervalMs;
  }

  private take(router: VirtualRouter): void {
    const { holdings, ownInterface, holdingsChanged } = this.context;
    router.held = holdings.addressesOf(router.config, ownInterface(router));
    router.isHolding = true;
    holdingsChanged();
    holdings.put(router.config, router.held);
    this.complain(router);
  }

  private release(router: VirtualRouter): void {
    const { holdings, announcer, holdingsChanged, post } = this.context;
    const { held } = router;
    announcer.cancel(router);
    router.held = [];
    router.isHolding = false;
    router.advertDueMs = null;
    holdings.remove(router.config, held);
    this.complain(router);
    holdingsChanged();
    const addresses = held.map(({ spec }) => spec.ip);
    if (router.config.onLoss === 'close') post({ type: 'vip-lost', instance: router.name, addresses });
  }

  /** What a change of the configuration did to a router that is master. */
  moveHoldings(router: VirtualRouter, before: VirtualRouter['config']): void {
    const { holdings, ownInterface, holdingsChanged, announcer } = this.context;
    const next = holdings.addressesOf(router.config, ownInterface(router));
    const keyOf = (one: (typeof next)[number]) => `${one.spec.interfaceIndex} ${one.spec.ip}/${one.spec.prefixLength}`;
    const wanted = new Set(next.map(keyOf));
    const gone = router.held.filter((one) => !wanted.has(keyOf(one)));
    holdings.remove({ ...before, ...withoutThose(before, router.config) }, gone);
    router.held = next;
    holdingsChanged();
    holdings.put(router.config, next);
    this.complain(router);
    announcer.change(router);
    if (next.length > 0) announcer.announce(router, 'regained');
  }

  private complain(router: VirtualRouter): void {
    for (const text of this.context.holdings.complaints.splice(0)) this.log('alert', `${router.name}: ${text}`);
  }

  private moved(router: VirtualRouter, change: Transition): void {
    const { epochMs, post } = this.context;
    const { from, to, why, priority } = change;
    const atMs = epochMs();
    router.remember(change, atMs);
    router.priority = priority;
    if (to !== 'MASTER') router.advertDueMs = null;
    const level = to === 'FAULT' ? 'alert' : from === 'INIT' ? 'notice' : 'warning';
    post({ type: 'vip-event', name: router.name, atMs, from, to, level, text: why });
    const state = router.isDeleted ? deletedState(router) : noticeState(to);
    if (state !== null) this.notify(router, state, priority);
  }

  private groupMoved({ group, to }: ActionOf<'group-transition'>): void {
    const state = noticeState(to);
    const programs = this.context.groupNotifications(group);
    if (state !== null && programs) this.context.notify({ kind: 'GROUP', name: group, state, priority: 0 }, programs);
  }

  private priorityChanged(router: VirtualRouter, { priority, why }: ActionOf<'priority-changed'>): void {
    router.priority = priority;
    this.log('notice', `${router.name}: effective priority ${priority}: ${why}`);
    if (router.config.notify.priorityChanges !== true) return;
    this.notify(router, router.isHolding ? 'MASTER_PRIORITY' : 'BACKUP_PRIORITY', priority);
  }

  private notify({ name, config }: VirtualRouter, state: VipNotice['state'], priority: number): void {
    this.context.notify({ kind: 'INSTANCE', name, state, priority }, config.notify);
  }

  private log(level: 'notice' | 'warning' | 'alert', text: string): void {
    this.context.post({ type: 'log', level, text });
  }
}

/** A reload took it out of the configuration: FAULT, unless `notify_deleted` is written (keepalived.conf(5)). */
function deletedState({ config }: VirtualRouter): 'DELETED' | 'FAULT' {
  return config.notify.saysDeleted ? 'DELETED' : 'FAULT';
}

function noticeState(state: VrrpState): 'MASTER' | 'BACKUP' | 'FAULT' | 'STOP' | null {
  return state === 'INIT' ? null : state;
}

/** Routes and rules that are configured no more; those that stay are left alone. */
function withoutThose(before: VirtualRouter['config'], now: VirtualRouter['config']) {
  const isIn = <T extends { loc?: unknown; at?: unknown }>(list: readonly T[]) => {
    const texts = new Set(list.map(plain));
    return (one: T) => !texts.has(plain(one));
  };
  return { routes: before.routes.filter(isIn(now.routes)), rules: before.rules.filter(isIn(now.rules)) };
}

function plain({ loc: _, at: __, ...rest }: { loc?: unknown; at?: unknown }): string {
  return JSON.stringify(rest);
}
