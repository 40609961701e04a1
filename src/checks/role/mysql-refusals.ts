/**
 * Errors of MySQL and MariaDB in an operator's words: what is wrong and what to do. Numbers are those of the servers'
 * error reference.
 */
import type { RoleCheck } from '../../config/model.js';
import { CheckStatus } from '../../core/check-status.js';
import type { Flavor } from '../../core/role/mysql.js';
import { type Finding, failure, loginRefused } from '../../core/role/verdict.js';
import { passwordPlace, quote } from './dialogue.js';
import type { ServerError } from './mysql-packets.js';

/** Full: no word about what the server is, so nothing speaks against waiting. */
const FULL = new Set([1040, 1203, 1226]);
/** Access denied, no such database or host, blocked, unusable format, TLS missing, expired, locked (both flavors). */
const LOGIN_REFUSED = new Set([1044, 1045, 1049, 1129, 1130, 1251, 1275, 1698, 1862, 3118, 3159, 3955, 4151]);
const SHUTTING_DOWN = new Set([1053, 1927, 3169, 4031]);

/** @param flavor null before the server has said who it is */
export function mysqlRefusal(
  error: ServerError,
  check: RoleCheck,
  password: string | null,
  flavor: Flavor | null,
): Finding {
  if (LOGIN_REFUSED.has(error.code)) return loginRefused(sentence(error, check, password, flavor));
  const isDefinite = !FULL.has(error.code);
  return failure(CheckStatus.L7STS, sentence(error, check, password, flavor), isDefinite);
}

function sentence(error: ServerError, check: RoleCheck, password: string | null, flavor: Flavor | null): string {
  const user = `'${check.user ?? ''}'`;
  const words = quote(error.message, password);
  switch (error.code) {
    case 1045:
    case 1698:
      return `access denied for user ${user}: check ${passwordPlace(check, password)} and from where the user may log in`;
    case 1044:
      return `access denied for user ${user} to database '${check.database ?? ''}': leave the database out, or grant it`;
    case 1049:
      return `unknown database '${check.database ?? ''}': leave it out, the check needs none`;
    case 1130:
      return `no user may log in from this host: create user ${user} for it (${words})`;
    case 1129:
      return `this host is blocked after many broken connections: FLUSH HOSTS on the server (${words})`;
    case 1227:
      return `missing privilege: GRANT ${privilege(flavor)} ON *.* TO ${user}`;
    case 1251:
    case 1275:
      return `the user's password is stored in a format that is not supported: set it anew (${words})`;
    case 3159:
      return 'the server requires TLS: do not set tls to off';
    case 1047:
      return `the node does not take statements: ${words}`;
    default:
      return SHUTTING_DOWN.has(error.code) ? `shutting down: ${words}` : `error ${error.code}: ${words}`;
  }
}

/** SLAVE MONITOR since MariaDB 10.5.9; REPLICATION CLIENT before, and in MySQL. */
function privilege(flavor: Flavor | null): string {
  return flavor === 'mariadb' ? 'SLAVE MONITOR' : 'REPLICATION CLIENT';
}
