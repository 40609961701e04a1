/**
 * Where a running Fairlead can be asked without any configuration: every daemon opens one private control socket, and
 * `fairlead status` and `fairlead reload` look for it here. The socket is `<directory>/<name>.sock`; the name is the
 * daemon's pid unless it was given another.
 */
import { chmodSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** What decides the directories; a parameter so that tests need no other user. */
export interface RuntimeUser {
  readonly uid: number;
  /** `$XDG_RUNTIME_DIR`, empty or undefined where not set. */
  readonly xdgRuntimeDir?: string;
  /** Where a service keeps its sockets; `/run/fairlead`. */
  readonly systemDirectory?: string;
}

function currentUser(): RuntimeUser {
  return { uid: process.getuid?.() ?? 0, xdgRuntimeDir: process.env.XDG_RUNTIME_DIR };
}

/** Directories in order of preference: the system's, the login session's, and one of our own under /tmp. */
export function runtimeDirectories(user: RuntimeUser = currentUser()): string[] {
  const session = user.xdgRuntimeDir ? [join(user.xdgRuntimeDir, 'fairlead')] : [];
  return [user.systemDirectory ?? '/run/fairlead', ...session, `/tmp/fairlead-${user.uid}`];
}

/**
 * Makes the first directory that this user may own (mode 0700), for the daemon to bind its private socket in.
 * @param name socket name without `.sock`; the pid where the daemon has no name
 * @returns the socket's path, or undefined where no directory can be used safely
 */
export function prepareRuntimeSocketPath(name: string, user: RuntimeUser = currentUser()): string | undefined {
  const directory = runtimeDirectories(user).find((path) => ownDirectory(path, user.uid));
  return directory === undefined ? undefined : join(directory, `${name}.sock`);
}

/** A directory that another user made, or a link, is never used: whoever owns it could answer in our place. */
function ownDirectory(path: string, uid: number): boolean {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const stat = lstatSync(path);
    if (!stat.isDirectory() || stat.uid !== uid) return false;
    if ((stat.mode & 0o077) !== 0) chmodSync(path, 0o700);
    return true;
  } catch {
    return false; // Not permitted here (EACCES, EROFS, ENOTDIR): the next directory is tried.
  }
}

/** @returns paths of sockets found, the newest last; those of dead daemons are among them */
export function findRuntimeSockets(user: RuntimeUser = currentUser()): string[] {
  return runtimeDirectories(user)
    .flatMap(socketsIn)
    .sort((a, b) => a.bornMs - b.bornMs)
    .map((found) => found.path);
}

function socketsIn(directory: string): { path: string; bornMs: number }[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith('.sock'))
      .map((name) => join(directory, name))
      .map((path) => ({ path, stat: lstatSync(path) }))
      .filter(({ stat }) => stat.isSocket())
      .map(({ path, stat }) => ({ path, bornMs: stat.ctimeMs }));
  } catch {
    return []; // No such directory, or not ours to read: nothing runs there that we could ask.
  }
}
