/**
 * Users, groups and passwords of the `userlist` sections (manual §3.4). A hashed password is hashed once: verdicts are
 * remembered, right ones apart from wrong ones, so that guessing does not drive out those who know theirs. What is kept
 * is a keyed digest, not the password.
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { UserList } from '../../../config/model.js';
import { matchesHash } from '../../../linux/crypt.js';
import type { UserDirectory } from '../transaction-view.js';

const RIGHT_MAX = 4096;
const WRONG_MAX = 1024;
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
  /** Key of the password whose verdict the last question waits for; null none. */
  awaited: string | null = null;

  /** @param delegate null checks at once, for as long as it takes */
  constructor(
    lists: readonly UserList[],
    private readonly delegate: Delegate | null = null,
  ) {
    for (const list of lists) this.lists.set(list.name, usersOf(list));
  }

  /**
   * @param mayWait whoever asks will ask again: a verdict that is not known yet is false, and `awaited` says so
   */
  authenticate(list: string, name: string, password: string, mayWait = false): boolean {
    this.awaited = null;
    const user = this.lists.get(list)?.get(name);
    if (user === undefined) return false;
    if (user.isClear) return user.password === password;
    const key = this.keyOf(user.password, password);
    if (this.right.has(key)) return true;
    if (this.wrong.has(key)) return false;
    if (mayWait && this.delegate !== null) {
      this.awaited = key;
      this.delegate(key, password, user.password);
      return false;
    }
    const isRight = matchesHash(password, user.password);
    this.settle(key, isRight);
    return isRight;
  }

  groupsOf(list: string, name: string): readonly string[] {
    return this.lists.get(list)?.get(name)?.groups ?? NO_GROUPS;
  }

  /** The verdict on a password is there. */
  settle(key: string, isRight: boolean): void {
    const set = isRight ? this.right : this.wrong;
    if (set.size >= (isRight ? RIGHT_MAX : WRONG_MAX)) set.delete(set.values().next().value as string);
    set.add(key);
  }

  private keyOf(hash: string, password: string): string {
    return createHmac('sha256', this.secret).update(hash).update('\0').update(password, 'latin1').digest('base64');
  }
}

function usersOf({ users, groups }: UserList): Map<string, User> {
  const found = new Map<string, User>();
  for (const { name, password, insecure, groups: own } of users) {
    const others = groups.filter((group) => group.users.includes(name)).map((group) => group.name);
    found.set(name, { password, isClear: insecure, groups: [...new Set([...own, ...others])] });
  }
  return found;
}
