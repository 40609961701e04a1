/**
 * The state that health keeps per server and per backend. What other threads read or write as well (counters, times of
 * change) lives in the rows of the shared table and nowhere else; the rest lives here and is published after a change.
 */
import { CheckStatus } from '../check-status.js';
import * as T from '../table.js';
import type { AgentHealth } from './agent.js';
import { CALM, type DampingState } from './damping.js';
import { Past } from './past.js';
import type { HealthSettings } from './settings.js';
import type { SingleChoice } from './single.js';

export class BackendHealth {
  readonly servers: ServerHealth[] = [];
  isUp = true;
  active = 0;
  backup = 0;
  /** `balance single`. */
  single: SingleChoice | null = null;

  constructor(
    readonly name: string,
    /** How the log calls it: a `listen` section is a proxy. */
    readonly word: 'backend' | 'proxy',
    readonly row: T.Row,
    readonly isStatic: boolean,
    readonly logsChecks: boolean,
    readonly allBackups: boolean,
  ) {}
}

export class ServerHealth {
  /** STATE_* of the table. */
  state: number = T.STATE_RUNNING;
  /** ADMIN_* of the table. */
  admin = 0;
  /** `admin` is as an agent said; the flags are the operator's own either way. */
  isAgentsWord = false;
  /** 0..rise+fall-1; the server is up from `rise` on. */
  health = 0;
  weight = 0;
  /** Weight × 16 after slowstart, whatever the state. */
  effectiveWeight = 0;
  /** How its backend counts it: usable, as an active server or as one that only stands in. */
  counted: 'active' | 'backup' | null = null;
  /** Serves only when nobody else is fit: the primary among readers. */
  isFallback = false;
  checksEnabled = false;
  inProgress = false;
  /** CheckStatus of the last check. */
  status: number = CheckStatus.INI;
  /** What it said (`last_chk`). */
  text = '';
  tracked: ServerHealth | null = null;
  readonly trackers: ServerHealth[] = [];
  /** Epoch second at which slowstart began. */
  startedS = 0;
  /** Until when slowstart wants a step each second, monotonic ms; Infinity outside slowstart. */
  nextStepMs = Number.POSITIVE_INFINITY;
  /** What the next transition will be told with. */
  past = new Past();
  damping: DampingState = CALM;
  /** Null without `agent-check`. */
  agent: AgentHealth | null = null;

  constructor(
    readonly backend: BackendHealth,
    readonly name: string,
    readonly row: T.Row,
    readonly settings: HealthSettings,
  ) {}

  get maxHealth(): number {
    return this.settings.rise + this.settings.fall - 1;
  }
  /** @returns the flags once somebody has said so. An agent that repeats what holds takes nobody's place. */
  adminOn(state: 'ready' | 'drain' | 'maint', isAgent: boolean): number {
    const flag = { ready: 0, drain: T.ADMIN_FDRAIN, maint: T.ADMIN_FMAINT }[state];
    const admin = (this.admin & ~(T.ADMIN_FMAINT | T.ADMIN_FDRAIN)) | flag;
    if (!isAgent || admin !== this.admin) this.isAgentsWord = isAgent;
    return admin;
  }
  get isInMaintenance(): boolean {
    return (this.admin & T.ADMIN_MAINT) !== 0;
  }
  get isDraining(): boolean {
    return (this.admin & T.ADMIN_DRAIN) !== 0;
  }
  /** Up and not taken out by anybody; its weight may still be 0. */
  get isInService(): boolean {
    const runs = this.state === T.STATE_RUNNING || this.state === T.STATE_STARTING;
    return runs && !this.isInMaintenance && !this.isDraining;
  }
  /** May be chosen for new sessions. */
  get isUsable(): boolean {
    return this.isInService && this.effectiveWeight > 0;
  }
  /** Checks are to be made now. */
  get wantsChecks(): boolean {
    return this.checksEnabled && !this.isInMaintenance;
  }
}
