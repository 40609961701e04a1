/** `userlists:`: users with their passwords and groups. */
import { z } from 'zod';
import type { UserList } from '../model.js';
import { either, list, type Place, strict, text, type Written } from './codec.js';
import { isObject, type Plain } from './source.js';

type User = UserList['users'][number];
type Group = UserList['groups'][number];

const userSchema = either(
  "a user is an encrypted password; write such as '$6$…', or { insecure-password: … }",
  z.string(),
  strict('a user', {
    password: text.schema.optional().describe('Encrypted password, as crypt(3) writes it.'),
    'insecure-password': text.schema.optional().describe('Password in clear text.'),
    groups: list(text).schema.optional().describe('Groups the user is in.'),
  }),
);

export const userlistsSchema = z
  .record(
    z.string(),
    strict('a userlist', {
      users: z.record(z.string(), userSchema).optional().describe('Users by name.'),
      groups: z
        .record(z.string(), list(text).schema)
        .optional()
        .describe('Groups by name, with users who are in them.'),
    }),
  )
  .describe('Lists of users by name.');

export function readUserlists(data: Plain, place: Place): UserList[] {
  return place.entries(data).map(([name, entry, at]) => {
    const keys = isObject(entry) ? entry : {};
    const userlist: UserList = {
      name,
      groups: at
        .child('groups')
        .entries(keys.groups ?? null)
        .map(readGroup),
      users: at
        .child('users')
        .entries(keys.users ?? null)
        .flatMap((each) => readUser(...each) ?? []),
      loc: at.keyLoc,
    };
    checkMembers(userlist, place);
    return userlist;
  });
}

function readGroup([name, users, place]: [string, Plain, Place]): Group {
  return { name, users: (users as Plain[]).map(String), loc: place.keyLoc };
}

function readUser(name: string, data: Plain, place: Place): User | undefined {
  const keys = isObject(data) ? data : { password: data };
  const { password, groups } = keys;
  const insecure = keys['insecure-password'];
  const secret = insecure ?? password;
  if (secret !== undefined && (insecure === undefined || password === undefined)) {
    const inGroups = Array.isArray(groups) ? groups.map(String) : [];
    return { name, password: String(secret), insecure: insecure !== undefined, groups: inGroups, loc: place.keyLoc };
  }
  const message = secret === undefined ? `user '${name}' has no password` : `user '${name}' has two passwords`;
  return place.error('bad-user', message, "write 'password' (encrypted) or 'insecure-password', one of them");
}

function checkMembers({ name: list, groups, users }: UserList, { source: { diag } }: Place): void {
  const missing = (names: string[], known: { name: string }[]) =>
    names.filter((name) => !known.some((each) => each.name === name));
  for (const group of groups)
    for (const name of missing(group.users, users))
      diag.error(
        'unknown-user',
        group.loc,
        `group '${group.name}' names the user '${name}', who is not in userlist '${list}'`,
        `add '${name}' to its users`,
      );
  for (const user of users)
    for (const name of missing(user.groups, groups))
      diag.error(
        'unknown-group',
        user.loc,
        `user '${user.name}' names the group '${name}', which is not in userlist '${list}'`,
        `add '${name}: []' to its groups`,
      );
}

export function writeUserlists(userlists: readonly UserList[]): Written {
  return new Map(
    userlists.map(({ name, users, groups }): [string, Written] => [
      name,
      new Map<string, Written>([
        ...(users.length > 0 ? [['users', new Map(users.map((user) => [user.name, writeUser(user)]))] as const] : []),
        ...(groups.length > 0 ? [['groups', new Map(groups.map((group) => [group.name, group.users]))] as const] : []),
      ]),
    ]),
  );
}

function writeUser({ password, insecure, groups }: User): Written {
  if (!insecure && groups.length === 0) return password;
  const secret: [string, Written] = [insecure ? 'insecure-password' : 'password', password];
  return new Map<string, Written>([secret, ...(groups.length > 0 ? [['groups', groups] as const] : [])]);
}
