/**
 * Whom a program runs as, and whether it may: never as root when another user was named, and with
 * `enable_script_security` not as root where somebody else could have put something in its place.
 */
import { lstat, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Program, VipSettings } from '../../config/model.js';
import { runAs } from '../../linux/accounts.js';
import { PROGRAM_PATH } from './program-group.js';

/** keepalived's: used where no user is named, if it exists. */
const DEFAULT_USER = 'keepalived_script';
const OTHERS_WRITE = 0o002;
const GROUP_WRITES = 0o020;
const STICKY = 0o1000;

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/**
 * In the order of the manual: the program's own user, `script_user`, keepalived_script, root (or whoever runs us).
 * @returns null for the account of this process, or why the program cannot be run
 */
export function accountFor(
  program: Pick<Program, 'user' | 'group'>,
  settings: VipSettings,
): Account | null | { readonly error: string } {
  const named = program.user === undefined ? settings.scriptUser : program;
  const own = process.getuid?.() ?? 0;
  try {
    const { uid, gid } = named?.user === undefined ? defaultAccount() : runAs(named.user, named.group);
    if (uid === undefined || gid === undefined) return own === 0 ? { uid: 0, gid: 0 } : null;
    if (own !== 0 && uid !== own) return { error: `only root can run it as ${named?.user ?? DEFAULT_USER}` };
    return own === 0 ? { uid, gid } : null;
  } catch (error) {
    return { error: (error as Error).message };
  }
}

function defaultAccount(): { uid?: number; gid?: number } {
  try {
    return runAs(DEFAULT_USER, undefined);
  } catch {
    return {};
  }
}

/**
 * Where a command is found, as execvp(3) would. Asynchronous, and before it is run: a file server that hangs must not
 * stop this process, which waits for execve(2) of what it starts.
 * @returns null when there is none
 */
export async function findProgram(name: string): Promise<string | null> {
  const paths = name.includes('/') ? [name] : PROGRAM_PATH.split(':').map((directory) => join(directory, name));
  for (const path of paths) if ((await stat(path).catch(() => null)) !== null) return path;
  return null;
}

/**
 * Looks at the program and every directory above it, links resolved.
 * @returns who could replace it, '' for nobody but root
 */
export async function writableBy(path: string): Promise<string> {
  let at = await realpath(path).catch(() => null);
  if (at === null) return ''; // not there: running it says so
  for (let isProgram = true; ; isProgram = false) {
    const found = await lstat(at).catch(() => null);
    const who = found === null ? '' : writers(found, isProgram);
    if (who !== '') return `${at} may be written to by ${who}`;
    if (at === '/') return '';
    at = dirname(at);
  }
}

function writers(found: { mode: number; uid: number; gid: number }, isProgram: boolean): string {
  if (found.uid !== 0) return `user ${found.uid}`;
  // In a sticky directory only the owner of a file replaces it (inode(7)).
  if (!isProgram && (found.mode & STICKY) !== 0) return '';
  if ((found.mode & GROUP_WRITES) !== 0 && found.gid !== 0) return `group ${found.gid}`;
  return (found.mode & OTHERS_WRITE) !== 0 ? 'everybody' : '';
}
