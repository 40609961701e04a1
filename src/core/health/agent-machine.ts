/**
 * The part of the health machine that answers of agents go through (agent.ts says what an agent may do). In one answer
 * weight and maxconn come first, then the administrative state, then up or down: as HAProxy orders their log lines.
 */
import { CheckStatus } from '../check-status.js';
import { keptText } from '../check-text/text.js';
import type { EventCause } from '../events/event.js';
import * as T from '../table.js';
import { AGENT_UP, type AgentHealth, agreeUp, publishAgent } from './agent.js';
import { agentText, INCOMPLETE_TEXT, parseAgentAnswer } from './agent-answer.js';
import type { ServerHealth } from './entities.js';
import type { Cause, CheckReport } from './texts.js';
import * as Texts from './texts.js';
import { newWeight } from './weights.js';

/** What the machine does to a server for it. */
export interface AgentEffects {
  goUp(s: ServerHealth, cause: Cause): void;
  goDown(s: ServerHealth, cause: Cause): void;
  /** @returns why the weight is refused, or null */
  weigh(s: ServerHealth, percent: number): string | null;
  setState(s: ServerHealth, state: 'ready' | 'drain' | 'maint', by: EventCause): void;
  /** A limit that the data plane reads has changed. */
  changed(): void;
  logCheck(s: ServerHealth, text: string, by: EventCause): void;
  /** `last_agt`, or where the agent is asked, is another than before. */
  told(s: ServerHealth): void;
}

export class AgentMachine {
  constructor(private readonly effects: AgentEffects) {}

  started(s: ServerHealth): void {
    s.agent!.inProgress = true;
    publishAgent(s);
  }

  /** Nothing came of it, and nothing is said. */
  cancelled(s: ServerHealth): void {
    s.agent!.inProgress = false;
    publishAgent(s);
  }

  /** @param received all that the agent said */
  answered(s: ServerHealth, received: string, durationMs: number): void {
    const answer = parseAgentAnswer(received);
    if (!this.isWanted(s)) return;
    if (answer === null) {
      this.remember(s, { status: s.agent!.status, code: 0, durationMs, text: INCOMPLETE_TEXT });
      return;
    }
    const { percent, maxconn, admin, isUp } = answer;
    const refusal = percent === null ? null : this.weigh(s, percent);
    if (maxconn !== null) this.limit(s, maxconn);
    const text = keptText(agentText(answer, refusal));
    if (admin !== null) this.effects.setState(s, admin, { by: 'agent', text: admin });
    const status = isUp === null ? CheckStatus.CHECKED : isUp ? CheckStatus.L7OK : CheckStatus.L7STS;
    const report = { status, code: 0, durationMs, text };
    if (isUp === null) this.remember(s, report);
    else this.conclude(s, isUp, report);
  }

  /** It could not be asked, or broke off: that says nothing of the server. */
  failed(s: ServerHealth, report: CheckReport): void {
    if (!this.isWanted(s)) return;
    const isNews = report.status !== s.agent!.status;
    this.remember(s, report);
    if (isNews) this.tell(s, report, false);
  }

  /** `set server … agent up|down`: until it answers otherwise. */
  force(s: ServerHealth, isUp: boolean): string | null {
    const { agent } = s;
    if (agent === null || !agent.isEnabled) return 'agent checks are not enabled on this server.';
    agent.health = isUp ? AGENT_UP : 0;
    publishAgent(s);
    if (s.isInMaintenance) return null;
    const cause: Cause = { by: 'operator' };
    if (isUp) this.effects.goUp(s, cause);
    else this.effects.goDown(s, cause);
    return null;
  }

  /** `enable|disable agent`. */
  enable(s: ServerHealth, isEnabled: boolean): string | null {
    if (s.agent === null) return isEnabled ? 'Agent was not configured on this server, cannot enable.' : null;
    s.agent.isEnabled = isEnabled;
    publishAgent(s);
    return null;
  }

  /** `set server … agent-addr|agent-port|agent-send`. */
  retarget(s: ServerHealth, to: Partial<Pick<AgentHealth, 'addr' | 'port' | 'send'>>): string | null {
    const { agent } = s;
    if (agent === null || !agent.isEnabled) return 'agent checks are not enabled on this server.';
    agent.addr = to.addr ?? agent.addr;
    agent.port = to.port ?? agent.port;
    agent.send = to.send ?? agent.send;
    publishAgent(s);
    this.effects.told(s);
    return null;
  }

  /** An agent that was disabled meanwhile is not heard. */
  private isWanted(s: ServerHealth): boolean {
    s.agent!.inProgress = false;
    publishAgent(s);
    return s.agent!.isEnabled;
  }

  /** The same weight again is no news. */
  private weigh(s: ServerHealth, percent: number): string | null {
    return newWeight(s, percent, true) === s.weight ? null : this.effects.weigh(s, percent);
  }

  private limit(s: ServerHealth, maxconn: number): void {
    if (s.row.get(T.I_MAXCONN) === maxconn) return;
    s.row.set(T.I_MAXCONN, maxconn);
    this.effects.changed();
  }

  private conclude(s: ServerHealth, isUp: boolean, report: CheckReport): void {
    const agent = s.agent!;
    const health = isUp ? AGENT_UP : 0;
    const isNews = report.status !== agent.status || health !== agent.health;
    agent.health = health;
    this.remember(s, report);
    if (isNews) this.tell(s, report, isUp);
    const cause: Cause = { by: 'agent', report };
    if (!isUp) this.effects.goDown(s, cause);
    else if (s.state === T.STATE_STOPPED && !s.isInMaintenance && this.mayComeUp(s)) this.effects.goUp(s, cause);
  }

  /** Its own check agrees; one that follows another server comes up with that one. */
  private mayComeUp(s: ServerHealth): boolean {
    return agreeUp(s) && s.tracked?.state !== T.STATE_STOPPED;
  }

  private remember(s: ServerHealth, report: CheckReport): void {
    const agent = s.agent!;
    agent.status = report.status;
    s.row.set(T.S_AGENT_DURATION, report.durationMs);
    publishAgent(s);
    if (agent.text === report.text) return;
    agent.text = report.text;
    this.effects.told(s);
  }

  private tell(s: ServerHealth, report: CheckReport, isPassed: boolean): void {
    if (!s.backend.logsChecks) return;
    const isUp = s.agent!.health >= AGENT_UP;
    this.effects.logCheck(s, Texts.agentCheckText(s, report, isPassed, isUp), { by: 'agent', text: report.text });
  }
}
