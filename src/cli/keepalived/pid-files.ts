/**
 * keepalived's pid files: of its parent and of the child that speaks VRRP. Here it is one process; both say its number,
 * because scripts send signals to either.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { KeepalivedArgs } from './args.js';

export class PidFiles {
  readonly main: string;
  private readonly vrrp: string;

  /** Names are those that keepalived 2.2.7 of Debian was seen to use; in a namespace those of keepalived(8). */
  constructor(args: KeepalivedArgs) {
    const namespace = args.get('namespace');
    const directory = namespace === undefined ? '/run' : `/run/keepalived/keepalived_${namespace}`;
    this.main = args.get('pid') ?? `${directory}/keepalived.pid`;
    this.vrrp = args.get('vrrp_pid') ?? `${directory}/vrrp.pid`;
    if (namespace !== undefined) mkdirSync(directory, { recursive: true });
  }

  /** @returns the process that has the files: it lives, and is a keepalived or one of ours */
  running(): number | null {
    return (
      [this.main, this.vrrp].map(pidIn).find((pid) => pid !== null && pid !== process.pid && isKeepalived(pid)) ?? null
    );
  }

  /** The second one; the first is the program's own. */
  write(complain: (text: string) => void): void {
    try {
      mkdirSync(dirname(this.vrrp), { recursive: true });
      writeFileSync(this.vrrp, `${process.pid}\n`, { mode: 0o644 });
    } catch (error) {
      complain(`cannot write pid file ${this.vrrp}: ${(error as Error).message}`);
    }
  }

  remove(): void {
    if (pidIn(this.vrrp) === process.pid) rmSync(this.vrrp, { force: true });
  }
}

function pidIn(path: string): number | null {
  try {
    const pid = Number(readFileSync(path, 'utf8').trim());
    return Number.isInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null; // There is none, which is the usual case.
  }
}

/** A number that was given to another program since the host started anew is no reason to stay away. */
function isKeepalived(pid: number): boolean {
  try {
    return /keepalived|fairlead/.test(readFileSync(`/proc/${pid}/cmdline`, 'latin1'));
  } catch {
    return false; // It has ended.
  }
}
