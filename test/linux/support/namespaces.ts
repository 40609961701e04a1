/**
 * Network namespaces for tests, without names: they end with the process. A thread enters one by setns(2), opens what it
 * wants there, and comes back; programs it starts meanwhile, and worker threads, stay in it.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import koffi from 'koffi';

const CLONE_NEWNET = 0x40000000;
const libc = koffi.load('libc.so.6');
const unshare = libc.func('unshare', 'int', ['int']) as unknown as (flags: number) => number;
const setns = libc.func('setns', 'int', ['int', 'int']) as unknown as (fd: number, type: number) => number;

function check(result: number, call: string): void {
  if (result !== 0) throw new Error(`${call}: errno ${koffi.errno()}; these tests need root`);
}

export class TestNamespace {
  readonly #fd: number;

  /** A new one, with its loopback up; the calling thread stays where it is. */
  constructor() {
    const home = openSync('/proc/thread-self/ns/net', 'r');
    check(unshare(CLONE_NEWNET), 'unshare');
    this.#fd = openSync('/proc/thread-self/ns/net', 'r');
    check(setns(home, CLONE_NEWNET), 'setns');
    closeSync(home);
    this.ip('link set lo up');
  }

  /** What `ip` takes for it after `netns`. */
  get path(): string {
    return `/proc/${process.pid}/fd/${this.#fd}`;
  }

  /** Calls `action` inside. */
  run<T>(action: () => T): T {
    const home = openSync('/proc/thread-self/ns/net', 'r');
    check(setns(this.#fd, CLONE_NEWNET), 'setns');
    try {
      return action();
    } finally {
      check(setns(home, CLONE_NEWNET), 'setns');
      closeSync(home);
    }
  }

  /** Runs `ip …` inside. @param command words, separated by spaces @returns its output @throws Error when it fails */
  ip(command: string): string {
    return this.command('ip', command);
  }

  command(program: string, words: string): string {
    const done = this.run(() => spawnSync(program, words.split(' '), { encoding: 'utf8' }));
    if (done.status !== 0) throw new Error(`${program} ${words}: ${done.stderr}${done.stdout}`);
    return done.stdout;
  }

  // biome-ignore lint/suspicious/noExplicitAny: shapes as printed by iproute2, read by assertions
  json(command: string): any[] {
    const text = this.ip(`-j ${command}`);
    return text.trim() === '' ? [] : JSON.parse(text);
  }

  /** A virtual cable from here to there. */
  cable(name: string, to: TestNamespace, itsName: string): void {
    this.ip(`link add ${name} type veth peer name ${itsName} netns ${to.path}`);
    this.ip(`link set ${name} up`);
    to.ip(`link set ${itsName} up`);
  }
}
