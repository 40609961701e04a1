/** Names of users and groups to numbers: passwd(5) and group(5). */
import { readFileSync } from 'node:fs';

function lookUp(file: string, name: string, what: string): number {
  const line = readFileSync(file, 'utf8')
    .split('\n')
    .find((text) => text.startsWith(`${name}:`));
  if (!line) throw new Error(`no ${what} '${name}' in ${file}; write one that exists, or its number`);
  return Number(line.split(':')[2]);
}

interface Owner {
  user?: string;
  group?: string;
  uid?: number;
  gid?: number;
}

/**
 * @returns the numbers, undefined where nothing is written
 * @throws Error for the operator when a name is unknown
 */
export function accountOf({ user, group, uid, gid }: Owner): { uid?: number; gid?: number } {
  return {
    uid: uid ?? (user === undefined ? undefined : lookUp('/etc/passwd', user, 'user')),
    gid: gid ?? (group === undefined ? undefined : lookUp('/etc/group', group, 'group')),
  };
}

/** Whom a program runs as: the user, and where no group is written the one it logs in with. @throws Error as above */
export function runAs(user: string | undefined, group: string | undefined): { uid?: number; gid?: number } {
  const number = (text: string | undefined) => (text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined);
  const [uid, gid] = [number(user), number(group)];
  const account = accountOf({
    uid,
    gid,
    user: uid === undefined ? user : undefined,
    group: gid === undefined ? group : undefined,
  });
  return { uid: account.uid, gid: account.gid ?? (account.uid === undefined ? undefined : loginGroup(account.uid)) };
}

function loginGroup(uid: number): number {
  const lines = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const found = lines.find((fields) => fields[2] === String(uid));
  return found === undefined ? uid : Number(found[3]);
}
