/** `userlist` sections (manual §3.4). */
import type { UserList } from '../model.js';
import type { Line } from './line.js';
import { type Reader, type Section, unknownKeyword } from './section.js';

/** Opens a list; a second one of the same name is read and dropped, as in HAProxy. */
export function openUserlist(line: Line, reader: Reader): Section {
  const name = line.text(1);
  if (line.need(1, 'a name')) line.noMore(2);
  const list: UserList = { name, groups: [], users: [], loc: line.whole };
  const isKnown = reader.model.userlists.some((other) => other.name === name);
  if (isKnown)
    line.warning('duplicate-userlist', 1, `the second userlist '${name}' is ignored`, 'merge the two, or rename one');
  else reader.model.userlists.push(list);
  return { name, line: (inner) => readUserlistLine(inner, list), end: () => checkMembers(list, line) };
}

function readUserlistLine(line: Line, list: UserList): void {
  if (line.text(0) === 'group') readGroup(line, list);
  else if (line.text(0) === 'user') readUser(line, list);
  else unknownKeyword(line, 'a userlist section', ['group', 'user']);
}

function readGroup(line: Line, list: UserList): void {
  if (!line.need(1, 'a name')) return;
  if (line.has(2) && line.text(2) !== 'users') {
    line.error('bad-value', 2, `unknown word '${line.text(2)}'`, "write 'users A,B'");
    return;
  }
  if (list.groups.some((group) => group.name === line.text(1))) {
    ignoreDuplicate(line, 'group');
    return;
  }
  list.groups.push({ name: line.text(1), users: names(line.text(3)), loc: line.whole });
}

function readUser(line: Line, list: UserList): void {
  if (!line.need(1, 'a name')) return;
  if (list.users.some((user) => user.name === line.text(1))) {
    ignoreDuplicate(line, 'user');
    return;
  }
  const user: UserList['users'][number] = {
    name: line.text(1),
    password: '',
    insecure: false,
    groups: [],
    loc: line.whole,
  };
  for (let i = 2; line.has(i); i += 2) if (!readUserOption(line, i, user)) return;
  list.users.push(user);
}

function readUserOption(line: Line, i: number, user: UserList['users'][number]): boolean {
  const option = line.choice(i, 'a user option', ['password', 'insecure-password', 'groups']);
  if (option === 'groups') user.groups = names(line.text(i + 1));
  else if (option) {
    user.password = line.text(i + 1);
    user.insecure = option === 'insecure-password';
  }
  return option !== undefined;
}

function ignoreDuplicate(line: Line, what: string): void {
  line.warning('duplicate-name', 1, `the second ${what} '${line.text(1)}' is ignored`, 'remove it');
}

function checkMembers(list: UserList, line: Line): void {
  for (const group of list.groups) {
    for (const name of group.users.filter((user) => !list.users.some((known) => known.name === user))) {
      line.diag.error(
        'unknown-user',
        group.loc,
        `group '${group.name}' names the user '${name}', who is not in userlist '${list.name}'`,
        "add a 'user' line",
      );
    }
  }
  for (const user of list.users) {
    for (const name of user.groups.filter((group) => !list.groups.some((known) => known.name === group))) {
      line.diag.error(
        'unknown-group',
        user.loc,
        `user '${user.name}' names the group '${name}', which is not in userlist '${list.name}'`,
        "add a 'group' line",
      );
    }
  }
}

function names(list: string): string[] {
  return list.split(',').filter((name) => name !== '');
}
