/** What the main thread and the agents thread say to each other. */
import type { AgentEndpoint } from '../config/model.js';
import type { AgentFigures } from '../core/agent-figures.js';

export type ToAgents =
  /** `fds`: a listening descriptor for each address that is new to the thread, by `addressKey`; the thread closes it. */
  | { type: 'apply'; revision: number; endpoints: AgentEndpoint[]; fds: { [address: string]: number } }
  /** Answered when the endpoints that are gone have answered those who came to them. */
  | { type: 'drain'; request: number }
  | { type: 'figures'; request: number };

export type FromAgents =
  | { type: 'applied'; revision: number }
  | { type: 'log'; level: 'warning' | 'notice'; text: string }
  | { type: 'drained'; request: number }
  | { type: 'figures'; request: number; figures: AgentFigures[] };

/** Which socket an endpoint needs: one that stays through a reload keeps it. */
export function addressKey({ address }: Pick<AgentEndpoint, 'address'>): string {
  return `${address.family}/${address.host}/${address.port}`;
}
