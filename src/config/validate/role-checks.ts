/** Checks that know the role of a database: what each kind needs, and settings that contradict each other. */
import { hasBackend } from '../defaults.js';
import type { Diagnostics, Loc } from '../diagnostics.js';
import type { Model, Proxy, RoleCheck } from '../model.js';

/** Whoever logs in must have a name. */
const NEEDS_USER: readonly RoleCheck['kind'][] = ['galera', 'mysql', 'postgres'];

export function validateRoleChecks(model: Model, diag: Diagnostics): void {
  for (const proxy of model.proxies) {
    const { role } = proxy.check;
    if (!hasBackend(proxy) || role === undefined) continue;
    const loc = proxy.at?.check ?? role.loc ?? proxy.loc;
    checkUser(role, proxy, loc, diag);
    checkCommand(role, proxy, loc, diag);
    checkWant(role, proxy, loc, diag);
    checkServers(proxy, loc, diag);
  }
}

function at(role: RoleCheck, field: string, otherwise: Loc | undefined): Loc | undefined {
  return role.at?.[field] ?? otherwise;
}

function checkUser(role: RoleCheck, proxy: Proxy, loc: Loc | undefined, diag: Diagnostics): void {
  if (role.user !== undefined || !NEEDS_USER.includes(role.kind)) return;
  const message = `the ${role.kind} check of ${proxy.kind} '${proxy.name}' has no user to log in as`;
  diag.error('check-user-unset', loc, message, "add 'user', and 'password' where it needs one");
}

function checkCommand(role: RoleCheck, proxy: Proxy, loc: Loc | undefined, diag: Diagnostics): void {
  if (role.kind !== 'exec') return;
  const program = role.command?.[0];
  if (program === undefined) {
    const message = `the exec check of ${proxy.kind} '${proxy.name}' has no program to run`;
    diag.error('check-command-unset', loc, message, "add 'command' with its full path");
  } else if (!program.startsWith('/')) {
    const message = `'${program}' is not a full path: a check is not looked for in PATH`;
    diag.error(
      'check-command-path',
      at(role, 'command', loc),
      message,
      `write the path, such as '/usr/local/bin/${program}'`,
    );
  }
}

/** Limits on a lag nobody looks at, and roles that cannot be told apart. */
function checkWant(role: RoleCheck, proxy: Proxy, loc: Loc | undefined, diag: Diagnostics): void {
  const want = role.want ?? 'primary';
  const hasLag = role.maxLagMs !== undefined || role.maxLagBytes !== undefined;
  const lagLoc = at(role, role.maxLagMs === undefined ? 'maxLagBytes' : 'maxLagMs', at(role, 'maxLagMs', loc));
  if (hasLag && want === 'primary')
    diag.error(
      'lag-of-primary',
      lagLoc,
      "'max-lag' is about replicas, and only the primary is asked for",
      "write role replica or any, or remove 'max-lag'",
    );
  if (role.kind === 'mysql' && role.maxLagBytes !== undefined)
    diag.error(
      'lag-in-bytes',
      lagLoc,
      'MySQL and MariaDB tell their lag in seconds, not in bytes',
      "write a time such as '10s'",
    );
  if (role.primaryAsFallback === true && want !== 'replica')
    diag.error(
      'fallback-of-primary',
      at(role, 'primaryAsFallback', loc),
      "'primary-as-fallback' is about readers, and not only replicas are asked for",
      "write role replica, or remove 'primary-as-fallback'",
    );
  if (
    want === 'primary' &&
    proxy.servers.length > 1 &&
    proxy.servers.every((server) => server.check !== true && server.track === undefined)
  )
    diag.warning(
      'role-unchecked',
      loc,
      `no server of ${proxy.kind} '${proxy.name}' is checked: each of them gets writes, whatever its role`,
      "add 'check' to its servers",
    );
}

/** The question goes over TCP or a unix socket of the server; a header in front of it would be taken for a question. */
function checkServers(proxy: Proxy, loc: Loc | undefined, diag: Diagnostics): void {
  for (const server of proxy.servers) {
    if (server.check !== true) continue;
    if (server.address.kind === 'abns')
      diag.error(
        'check-abns',
        server.loc ?? loc,
        `server '${server.name}' has an abstract socket, which a role check cannot ask`,
        'use a socket with a path, or TCP',
      );
    if (server.checkSendProxy === true)
      diag.warning(
        'check-proxy-header',
        server.at?.checkSendProxy ?? server.loc,
        "a role check sends no PROXY header: 'check-send-proxy' is ignored",
        "remove it, or check another port of the server with 'port'",
      );
  }
}
