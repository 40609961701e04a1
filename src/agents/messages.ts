/** What the main thread and the agents thread say to each other. */
import type { AgentEndpoint } from '../config/model.js';

export type ToAgents =
  /** `fds`: a listening descriptor for each address that is new to the thread, by `addressKey`; the thread closes it. */
  | { type: 'apply'; revision: number; endpoints: AgentEndpoint[]; fds: { [address: string]: number } }
  | { type: 'figures'; request: number };

export type FromAgents =
  | { type: 'applied'; revision: number }
  | { type: 'log'; level: 'warning' | 'notice'; text: string }
  | { type: 'figures'; request: number; figures: AgentFigures[] };

/** Counts since the endpoint began, and what it last found. */
export interface AgentFigures {
  readonly name: string;
  readonly connections: number;
  readonly open: number;
  /** Answers by status. */
  readonly ok: number;
  readonly unavailable: number;
  readonly notFound: number;
  /** Pollers that heard only that nothing was known in time. */
  readonly late: number;
  /** Turned away: not allowed to ask, or too many at a time, or too fast. */
  readonly refused: number;
  /** Left before they were answered. */
  readonly aborted: number;
  /** Questions to the server itself. */
  readonly asked: number;
  readonly state: string;
  readonly reason: string;
}

/** Which socket an endpoint needs: one that stays through a reload keeps it. */
export function addressKey({ address }: Pick<AgentEndpoint, 'address'>): string {
  return `${address.family}/${address.host}/${address.port}`;
}
