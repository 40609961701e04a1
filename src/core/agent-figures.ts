/** Counts of a check endpoint since it began, and what it last found. Type only. */
export interface AgentFigures {
  readonly name: string;
  readonly kind: string;
  /** Where it listens, as written: `*:9200`. */
  readonly address: string;
  readonly connections: number;
  readonly open: number;
  /** Answers by status: 200, 503, 404. */
  readonly ok: number;
  readonly unavailable: number;
  readonly notFound: number;
  /** Pollers that heard only that nothing was known in time; counted in `unavailable` too. */
  readonly late: number;
  /** Turned away: not allowed to ask, or too many at a time, or too fast. */
  readonly refused: number;
  /** Left before they were answered. */
  readonly aborted: number;
  /** Questions to the server itself. */
  readonly asked: number;
  readonly isOk: boolean;
  readonly state: string;
  readonly reason: string;
}
