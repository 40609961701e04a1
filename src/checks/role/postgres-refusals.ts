/** Errors of PostgreSQL in an operator's words, by SQLSTATE (manual, "PostgreSQL Error Codes"). */
import type { RoleCheck } from '../../config/model.js';
import { CheckStatus } from '../../core/check-status.js';
import { type Finding, failure, loginRefused } from '../../core/role/verdict.js';
import { passwordPlace, quote } from './dialogue.js';
import type { PostgresError } from './postgres-messages.js';

/** invalid_password, invalid_authorization_specification, and a database that is not there. */
const LOGIN_REFUSED = ['28P01', '28000', '3D000'];
const TOO_MANY_CONNECTIONS = '53300';

export function postgresRefusal(error: PostgresError, check: RoleCheck, password: string | null): Finding {
  if (LOGIN_REFUSED.includes(error.code)) return loginRefused(sentence(error, check, password));
  // Full says no word about what the server is, so nothing speaks against waiting.
  const isDefinite = error.code !== TOO_MANY_CONNECTIONS;
  return failure(CheckStatus.L7STS, sentence(error, check, password), isDefinite);
}

function sentence({ code, message }: PostgresError, check: RoleCheck, password: string | null): string {
  const words = quote(message, password);
  const user = `'${check.user ?? ''}'`;
  switch (code) {
    case '28P01':
      return `access denied for user ${user}: check ${passwordPlace(check, password)} (server: ${words})`;
    case '28000':
      return `access denied for user ${user}: check pg_hba.conf and that the role may log in (server: ${words})`;
    case '3D000':
      return `there is no database '${databaseOf(check)}': set 'database' to one that the user may connect to`;
    case '42501':
      return `missing privilege: ${words}`;
    case '57P03':
      return `takes no connections now: ${words}`;
    case '57P01':
    case '57P02':
      return `shutting down: ${words}`;
    default:
      return `error ${code}: ${words}`;
  }
}

/** Every cluster has it, unless somebody took it away. */
export function databaseOf(check: RoleCheck): string {
  return check.database ?? 'postgres';
}
