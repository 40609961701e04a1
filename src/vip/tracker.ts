/**
 * What each router rests on besides its own interface: other links, programs, files, processes, frontends, the proxy
 * itself. Knows how each is now; what that does to a priority is arithmetic of core/vrrp.
 */
import type { Tracked as TrackedRef, Tracking, VipConfig } from '../config/model.js';
import { DEFAULT_FILE_WEIGHT, DEFAULT_PROCESS_WEIGHT } from '../config/vip-defaults.js';
import type { TrackedValue, VipInstanceStatus, VipPlan } from '../core/vrrp/messages.js';
import { type TrackedKind, type TrackedThing, track } from '../core/vrrp/tracking.js';
import type { Interfaces } from './interfaces.js';
import { ProxyHealth } from './proxy-health.js';
import type { VirtualRouter } from './virtual-router.js';

export interface Judgement {
  readonly priority: number;
  readonly faults: readonly string[];
  /** What made the priority what it is. */
  readonly why: string;
}

export class Tracker {
  private readonly values = new Map<string, TrackedValue>();
  private readonly health = new ProxyHealth();
  private config: VipConfig | null = null;
  /** Frontends and the proxy, as found last: `frontend web` → '' or why not. */
  private found = new Map<string, string>();

  constructor(private readonly interfaces: Interfaces) {}

  apply(plan: VipPlan, nowMs: number): void {
    this.config = plan.config;
    this.health.apply(plan, nowMs);
    this.look(nowMs);
  }

  set(kind: 'script' | 'file' | 'process', name: string, value: TrackedValue): void {
    this.values.set(`${kind} ${name}`, value);
  }

  /** Looks at the shared table. @returns whether anything of it is another than before */
  look(nowMs: number): boolean {
    const { config } = this;
    if (config === null) return false;
    const tracks = [...config.instances, ...config.groups].map((one) => one.track);
    const names = new Set(tracks.flatMap(({ frontends }) => frontends.map(({ name }) => name)));
    const asksProxy = config.scripts.some(({ means }) => means === 'proxy');
    if (names.size === 0 && !asksProxy) return false;
    this.health.look(nowMs);
    const found = new Map([...names].map((name) => [`frontend ${name}`, this.health.frontendFault(name, nowMs) ?? '']));
    found.set('proxy', this.health.proxyFault(nowMs) ?? '');
    const isNew = [...found].some(([key, fault]) => this.found.get(key) !== fault);
    this.found = found;
    return isNew;
  }

  judge(router: VirtualRouter): Judgement {
    const things = this.thingsOf(router);
    const { priority, faults, effects } = track(router.config.priority, things);
    const parts = things.flatMap(({ kind, name }, i) => {
      const { effect } = effects[i];
      return effect === 0 ? [] : [`${effect > 0 ? '+' : ''}${effect} ${kind} ${name}`];
    });
    return {
      priority,
      faults: faults.map((text) => this.explained(text)),
      why: [`base ${router.config.priority}`, ...parts].join(', '),
    };
  }

  /** The arithmetic knows that a frontend is down; here is known why. */
  private explained(fault: string): string {
    for (const [key, why] of this.found) if (why !== '' && fault.startsWith(key)) return why;
    return fault;
  }

  describe(router: VirtualRouter): VipInstanceStatus['tracked'] {
    const things = this.thingsOf(router);
    const { effects } = track(router.config.priority, things);
    return things.map(({ kind, name, up, weight, number: value }, i) => {
      return { kind, name, up, weight, effect: effects[i].effect, ...(value === undefined ? {} : { value }) };
    });
  }

  /** Those of the router and of its group. */
  private thingsOf(router: VirtualRouter): TrackedThing[] {
    const group = this.config?.groups.find(({ name }) => name === router.group);
    const own = this.thingsIn(router.config.track);
    if (group === undefined) return own;
    // Members of one group with different priorities would elect for ever: their own weights count as 0.
    const isFree = group.trackingWeight === true || group.globalTracking === true;
    return [...own.map((thing) => (isFree ? thing : { ...thing, weight: 0 })), ...this.thingsIn(group.track)];
  }

  private thingsIn(its: Tracking): TrackedThing[] {
    return [
      ...its.interfaces.map((ref) => this.interfaceThing(ref)),
      ...its.scripts.map((ref) => this.scriptThing(ref)),
      ...its.files.map((ref) => this.fileThing(ref)),
      ...its.processes.map((ref) => this.processThing(ref)),
      ...its.frontends.map((ref) => this.thing('frontend', ref, 0, this.isWell(`frontend ${ref.name}`))),
    ];
  }

  private thing(kind: TrackedKind, ref: TrackedRef, weight: number, up: boolean | null): TrackedThing {
    return { kind, name: ref.name, weight: ref.weight ?? weight, isReverse: ref.reverse ?? false, up };
  }

  private interfaceThing(ref: TrackedRef): TrackedThing {
    return this.thing('interface', ref, 0, this.interfaces.faultOf(ref.name) === null);
  }

  private scriptThing(ref: TrackedRef): TrackedThing {
    const script = this.config?.scripts.find(({ name }) => name === ref.name);
    const weight = script?.weight ?? 0;
    const its = { ...ref, reverse: ref.reverse ?? script?.reverse };
    if (script?.means === 'proxy') return { ...this.thing('proxy', its, weight, this.isWell('proxy')), name: ref.name };
    return this.thing('script', its, weight, this.upOf('script', ref.name));
  }

  private fileThing(ref: TrackedRef): TrackedThing {
    const file = this.config?.files.find(({ name }) => name === ref.name);
    const value = this.values.get(`file ${ref.name}`);
    const its = { ...ref, reverse: ref.reverse ?? file?.reverse };
    const number = value !== undefined && 'number' in value ? value.number : undefined;
    return {
      ...this.thing('file', its, file?.weight ?? DEFAULT_FILE_WEIGHT, value === undefined ? null : true),
      number,
    };
  }

  private processThing(ref: TrackedRef): TrackedThing {
    const its = this.config?.processes.find(({ name }) => name === ref.name);
    const merged = { ...ref, reverse: ref.reverse ?? its?.reverse };
    return this.thing('process', merged, its?.weight ?? DEFAULT_PROCESS_WEIGHT, this.upOf('process', ref.name));
  }

  private isWell(key: string): boolean | null {
    const fault = this.found.get(key);
    return fault === undefined ? null : fault === '';
  }

  private upOf(kind: 'script' | 'process', name: string): boolean | null {
    const value = this.values.get(`${kind} ${name}`);
    return value !== undefined && 'up' in value ? value.up : null;
  }
}
