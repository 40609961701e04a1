/** Role checks of the tests: sessions opened with few words, closed when the test is over. */
import type { TestContext } from 'node:test';
import { createSession } from '../../../src/checks/role/create-session.js';
import type { RoleCheck } from '../../../src/config/model.js';
import { CheckStatus } from '../../../src/core/check-status.js';
import type { RoleReport } from '../../../src/core/role/report.js';
import type { HeldSession, SessionTarget } from '../../../src/core/role/session.js';

export const PASSWORD = 'geheim-4711';

export type Place = SessionTarget;

export interface TestSession {
  ask(): Promise<RoleReport>;
  /** `L7OK primary …`. */
  outcome(): Promise<string>;
  /** How often the session was said to be broken. */
  broken(): number;
  readonly held: HeldSession;
}

/** @param settings of the check; `timeoutMs` is generous unless given */
export function session(
  t: TestContext,
  kind: RoleCheck['kind'],
  place: Place,
  settings: Partial<RoleCheck> = {},
  password: string | null = PASSWORD,
): TestSession {
  let breaks = 0;
  const user = kind === 'redis' || kind === 'patroni' ? undefined : 'checker';
  const check = { kind, user, timeoutMs: 10_000, ...settings } as RoleCheck;
  const held = createSession(check, place, password, { broken: () => breaks++ });
  t.after(() => held.close());
  const ask = () => new Promise<RoleReport>((resolve) => held.check(resolve));
  return { ask, held, broken: () => breaks, outcome: async () => describe(await ask()) };
}

const NAMES = new Map<number, string>(Object.entries(CheckStatus).map(([name, value]) => [value, name]));

function describe({ status, text }: RoleReport): string {
  return `${NAMES.get(status)} ${text}`;
}
