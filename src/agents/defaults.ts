/** What holds where an endpoint says nothing, by kind. */
import type { AgentEndpoint, RoleCheck } from '../config/model.js';

/** Short beside any polling interval, long enough for thousands of pollers to share one question. */
const SHARE_MS = 100;
/** Running a program costs a hundred times a query. */
const COMMAND_SHARE_MS = 1000;
/** Below the 2 s that HAProxy waits by default, so that pollers hear why instead of nothing. */
const ANSWER_MS = 1500;
/** The question ends this much before the poller must hear something. */
const MARGIN = 0.9;

function runsCommand({ kind }: AgentEndpoint): boolean {
  return kind === 'cmonhachk' || kind === 'program';
}

export function shareMsOf(endpoint: AgentEndpoint): number {
  return endpoint.shareMs ?? (runsCommand(endpoint) ? COMMAND_SHARE_MS : SHARE_MS);
}

export function answerMsOf(endpoint: AgentEndpoint): number {
  return endpoint.timeoutMs ?? ANSWER_MS;
}

/** For the question itself. */
export function questionMsOf(endpoint: AgentEndpoint): number {
  return Math.max(1, Math.floor(answerMsOf(endpoint) * MARGIN));
}

/** The script's own, so that a host that runs it as it comes needs no settings. */
export const DEFAULT_OPTION_FILE = '/etc/my.cnf';
const CLUSTERCHECK_USER = 'clustercheckuser';
const CLUSTERCHECK_PASSWORD = 'clustercheckpassword!';
const CLUSTERCHECK_DISABLED = '/var/tmp/clustercheck.disabled';
/** The user that the pgsqlchk package tells people to create. */
const PGSQLCHK_USER = 'health_check_user';

export function disabledFileOf({ kind, disabledFile }: AgentEndpoint): string | undefined {
  return disabledFile ?? (kind === 'clustercheck' ? CLUSTERCHECK_DISABLED : undefined);
}

/** What is asked, with the defaults of the script that the endpoint stands in for. */
export function checkOf(endpoint: AgentEndpoint): RoleCheck {
  const check = endpoint.check as RoleCheck;
  if (endpoint.kind === 'pgsqlchk') return { ...check, user: check.user ?? PGSQLCHK_USER };
  if (endpoint.kind !== 'clustercheck') return check;
  return {
    ...check,
    user: check.user ?? CLUSTERCHECK_USER,
    password: check.password ?? { from: 'text', text: CLUSTERCHECK_PASSWORD },
    acceptReadOnly: check.acceptReadOnly ?? true,
  };
}
