/**
 * The agent of a server, as far as health keeps it: asked beside the health check, it may take a server down that its
 * check finds well, and only its word brings that one up again. A failure to ask it changes nothing. There is one
 * answer between up and down either way (rise and fall are 1).
 */
import { CheckStatus } from '../check-status.js';
import * as T from '../table.js';
import type { ServerHealth } from './entities.js';

/** Rise, fall and highest health of agents, as the statistics show them. */
export const AGENT_UP = 1;

/** Flags of `show servers state`. */
const IN_PROGRESS = 1;
const CONFIGURED = 2;
const ENABLED = 4;
const IS_AGENT = 16;

export class AgentHealth {
  /** AGENT_UP, or 0. */
  health = AGENT_UP;
  isEnabled = true;
  inProgress = false;
  /** CheckStatus of the last answer. */
  status: number = CheckStatus.INI;
  /** `last_agt`. */
  text = '';
  /** What the operator set at run time, in place of what the configuration says. */
  addr: string | undefined;
  port: number | undefined;
  send: string | undefined;

  /** The same agent under another configuration: what it said, and what was set, stays. */
  takeOver(old: AgentHealth, isSameServer: boolean): void {
    this.health = old.health;
    this.status = old.status;
    this.text = old.text;
    this.inProgress = old.inProgress;
    if (!isSameServer) return;
    this.isEnabled = old.isEnabled;
    this.addr = old.addr;
    this.port = old.port;
    this.send = old.send;
  }
}

/** Its agent keeps a server down that may otherwise be well. */
export function isDownByAgent({ agent }: ServerHealth): boolean {
  return agent?.isEnabled === true && agent.health < AGENT_UP;
}

/** Both checks, of those that are enabled, agree that it is up. */
export function agreeUp(s: ServerHealth): boolean {
  return (!s.checksEnabled || s.health >= s.settings.rise) && !isDownByAgent(s);
}

export function publishAgent({ agent, row, settings }: ServerHealth): void {
  if (agent === null) {
    row.set(T.S_AGENT_STATE, 0);
    return;
  }
  const flags = CONFIGURED | IS_AGENT | (agent.isEnabled ? ENABLED : 0) | (agent.inProgress ? IN_PROGRESS : 0);
  row.set(T.S_AGENT_STATE, flags);
  row.set(T.S_AGENT_HEALTH, agent.health);
  row.set(T.S_AGENT_STATUS, agent.status);
  row.set(T.S_AGENT_PORT, agent.port ?? settings.agentPort);
}
