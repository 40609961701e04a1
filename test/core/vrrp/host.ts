/** A host with its virtual routers on a clock of its own; what they ask for, as words. For the tests of core/vrrp. */
import { VrrpMachine } from '../../../src/core/vrrp/machine.js';
import type { KnownAtStart, RouterAction, RouterEvent, RouterSettings } from '../../../src/core/vrrp/types.js';

export const R = 'VI_1';

export function settings(fields: Partial<RouterSettings> = {}): RouterSettings {
  return {
    name: R,
    version: 3,
    family: 4,
    vrid: 51,
    basePriority: 100,
    advertIntervalMs: 1000,
    preempt: true,
    preemptDelayMs: 0,
    downTimerAdverts: 3,
    initialState: 'BACKUP',
    lowerPrioNoAdvert: false,
    higherPrioSendAdvert: true,
    arbiter: 'off',
    sourceIp: '10.0.0.5',
    group: '',
    ...fields,
  };
}

export class Host {
  readonly machine = new VrrpMachine();
  nowMs = 0;
  private said: string[] = [];

  constructor(
    private routers: readonly RouterSettings[] = [settings()],
    known: { readonly [name: string]: KnownAtStart } = {},
  ) {
    this.perform(this.machine.apply(routers, 0, known));
  }

  /** What was asked for since the last look. With several routers their names stand in front. */
  take(): string[] {
    const said = this.said;
    this.said = [];
    return said;
  }

  /** Time passes, every deadline is kept. */
  until(ms: number): this {
    while (this.machine.nextMs <= ms) {
      this.nowMs = Math.max(this.nowMs, this.machine.nextMs);
      this.perform(this.machine.handle({ type: 'time' }, this.nowMs));
    }
    this.nowMs = ms;
    return this;
  }

  /** The process does not run until then; then it is told the time. */
  freezeUntil(ms: number): this {
    this.nowMs = ms;
    this.perform(this.machine.handle({ type: 'time' }, ms));
    return this;
  }

  hear(priority: number, source: string, intervalMs = 1000, router = R): this {
    const { version } = this.routers.find(({ name }) => name === router)!;
    const addresses = ['10.0.0.100'];
    const ad = { version, family: 4, vrid: 51, priority, intervalMs, addresses, password: '', authType: 0 } as const;
    return this.event({ type: 'advert', router, ad, source });
  }

  event(event: RouterEvent): this {
    this.perform(this.machine.handle(event, this.nowMs));
    return this;
  }

  apply(routers: readonly RouterSettings[], known: { readonly [name: string]: KnownAtStart } = {}): this {
    this.routers = routers;
    this.perform(this.machine.apply(routers, this.nowMs, known));
    return this;
  }

  view(router = R) {
    return this.machine.view(router);
  }

  private perform(actions: readonly RouterAction[]): void {
    for (const action of actions) {
      const who = 'router' in action && this.routers.length > 1 ? `${action.router}: ` : '';
      this.said.push(`${who}${words(action)}`);
    }
  }
}

function words(action: RouterAction): string {
  switch (action.do) {
    case 'advertise':
      return action.priority === 0 ? 'goodbye' : `advertise ${action.priority}`;
    case 'announce':
      return `announce (${action.why})`;
    case 'ask-peer':
      return `ask ${action.address}`;
    case 'transition':
      return `${action.change.from}→${action.change.to}: ${action.change.why}`;
    case 'group-transition':
      return `group ${action.group} ${action.to}`;
    case 'priority-changed':
      return `priority ${action.priority}: ${action.why}`;
    case 'heard-lower':
      return `heard-lower ${action.priority} of ${action.source}`;
    case 'remark':
      return `${action.level}: ${action.text}`;
    default:
      return action.do;
  }
}

/** Lines of `said` that are changes of state. */
export function transitions(said: readonly string[]): string[] {
  return said.filter((line) => line.includes('→'));
}
