/**
 * Users, groups and passwords of the `userlist` sections (manual §3.4). A hashed password is hashed once: verdicts are
 * remembered, right ones apart from wrong ones, so that guessing does not drive out those who know theirs. What is kept
 * is a keyed digest, not the password.
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { UserList } from '../../../config/model.js';
import { bytesOf } from '../../../core/expr/bytes-of.js';
import { matchesHash } from '../../../linux/crypt.js';
import type { UserDirectory } from '../transaction-view.js';

const RIGHT_MAX = 4096;
const WRONG_MAX = 1024;
/** Passwords that are being checked elsewhere at the same time; beyond them nobody gets in. */
const PENDING_MAX = 64;
const NO_GROUPS: readonly string[] = [];

interface User {
  readonly password: string;
  readonly isClear: boolean;
  readonly groups: readonly string[];
}

/** Starts checking a password elsewhere; `settle` of the directory tells the verdict. */
type Delegate = (key: string, password: string, hash: string) => void;

export class Userlists implements UserDirectory {
  private readonly lists = new Map<string, Map<string, User>>();
  private readonly right = new Set<string>();
  private readonly wrong = new Set<string>();
  private readonly secret = randomBytes(32);
  private readonly pending = new Set<string>();
  mayWait = false;
  awaited: string | null = null;

  /** @param delegate null checks at once, for as long as it takes */
  constructor(
    lists: readonly UserList[],
    private readonly delegate: Delegate | null = null,
  ) {
    for (const list of lists) this.lists.set(list.name, usersOf(list));
  }

  authenticate(list: string, name: string, password: string): boolean {
    const user = this.lists.get(list)?.get(name);
    if (user === undefined) return false;
    if (user.isClear) return user.password === password;
    const key = this.keyOf(user.password, password);
    if (this.right.has(key)) return true;
    if (this.wrong.has(key)) return false;
    if (this.mayWait && this.delegate !== null && isSlow(user.password)) return this.ask(key, password, user.password);
    const isRight = matchesHash(password, user.password);
    this.settle(key, isRight);
    return isRight;
  }

  /** @returns false: not yet */
  private ask(key: string, password: string, hash: string): false {
    if (!this.pending.has(key)) {
      if (this.pending.size >= PENDING_MAX) return false;
      this.pending.add(key);
      this.delegate!(key, password, hash);
    }
    this.awaited = key;
    return false;
  }

  groupsOf(list: string, name: string): readonly string[] {
    return this.lists.get(list)?.get(name)?.groups ?? NO_GROUPS;
  }

  /** The verdict on a password is there. */
  settle(key: string, isRight: boolean): void {
    this.pending.delete(key);
    const set = isRight ? this.right : this.wrong;
    if (set.size >= (isRight ? RIGHT_MAX : WRONG_MAX)) set.delete(set.values().next().value as string);
    set.add(key);
  }

  private keyOf(hash: string, password: string): string {
    return createHmac('sha256', this.secret).update(hash).update('\0').update(password, 'latin1').digest('base64');
  }
}

/** Names and clear passwords as the bytes that clients send. */
function usersOf({ users, groups }: UserList): Map<string, User> {
  const found = new Map<string, User>();
  for (const { name, password, insecure, groups: own } of users) {
    const others = groups.filter((group) => group.users.includes(name)).map((group) => group.name);
    const all = [...new Set([...own, ...others])];
    found.set(bytesOf(name), { password: insecure ? bytesOf(password) : password, isClear: insecure, groups: all });
  }
  return found;
}

/** DES and MD5 take no longer than asking somebody else; SHA-2 takes milliseconds, bcrypt and yescrypt 70 and more. */
function isSlow(hash: string): boolean {
  return hash.startsWith('$') && !hash.startsWith('$1$');
}
