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
