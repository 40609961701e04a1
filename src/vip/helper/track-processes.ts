/**
 * Track processes: whether enough of them run. The kernel could tell of every process that starts or ends (the proc
 * connector), but not in a network namespace, not in most containers, and not where it was built without; so /proc is
 * looked at: ten times a second the processes that make up the quorum, and all of them once a second while it is missed
 * or a maximum is set. A quorum that is lost is seen within 100 ms, one that is regained within a second.
 */
import type { TrackProcess } from '../../config/model.js';
import { allPids, commandLineOf, commOf, type ProcessIdentity, runningProcess } from './proc.js';
import { isCommandLine, isNamed, needsCommandLine } from './process-match.js';

const LOOK_MS = 100;
const SCAN_MS = 1000;
/** Processes looked at before other things have their turn: a quarter of a millisecond. */
const CHUNK = 32;

export type TellProcess = (name: string, up: boolean, why: string) => void;

export class TrackProcesses {
  private entries = new Map<string, Entry>();
  private timer: NodeJS.Timeout | undefined;
  private isScanning = false;
  private scannedMs = Number.NEGATIVE_INFINITY;
  /** Counts plans: a scan for the last one says nothing of this one. */
  private plan = 0;

  constructor(
    private readonly tell: TellProcess,
    private readonly now: () => number,
  ) {}

  /** Those that are written as before keep what is known. */
  apply(definitions: readonly TrackProcess[]): void {
    const old = this.entries;
    this.plan++;
    this.scannedMs = Number.NEGATIVE_INFINITY;
    this.entries = new Map(
      definitions.map((definition) => {
        const known = old.get(definition.name);
        if (known?.isFor(definition)) return [definition.name, known];
        return [definition.name, new Entry(definition, this.tell)];
      }),
    );
    for (const entry of old.values()) if (this.entries.get(entry.definition.name) !== entry) entry.stop();
    clearInterval(this.timer);
    this.timer = this.entries.size > 0 ? setInterval(() => this.look(), LOOK_MS) : undefined;
    if (this.entries.size > 0) this.look();
  }

  tellAll(): void {
    for (const entry of this.entries.values()) entry.tellAgain();
  }

  stop(): void {
    this.apply([]);
  }

  private look(): void {
    let isLost = false;
    for (const entry of this.entries.values()) isLost = entry.look() || isLost;
    const isDue = this.now() - this.scannedMs >= SCAN_MS;
    const isWanted = isLost || (isDue && [...this.entries.values()].some((entry) => entry.needsScan));
    if (isWanted && !this.isScanning) void this.scan();
  }

  private async scan(): Promise<void> {
    this.isScanning = true;
    const { plan } = this;
    const entries = [...this.entries.values()];
    const found = new Map(entries.map((entry) => [entry, new Map<number, string>()]));
    const pids = allPids();
    for (let i = 0; i < pids.length && plan === this.plan; i += CHUNK) {
      await Promise.all(pids.slice(i, i + CHUNK).map((pid) => this.examine(pid, found)));
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.isScanning = false;
    if (plan !== this.plan) return; // the next look starts another
    this.scannedMs = this.now();
    for (const [entry, processes] of found) entry.found(processes);
  }

  private async examine(pid: number, found: ReadonlyMap<Entry, Map<number, string>>): Promise<void> {
    const comm = commOf(pid);
    if (comm === null) return;
    let argv: Promise<string[]> | undefined;
    let identity: ProcessIdentity | null | undefined;
    for (const [{ definition }, processes] of found) {
      if (needsCommandLine(definition)) {
        argv ??= commandLineOf(pid);
        if (!isCommandLine(definition, comm, await argv)) continue;
      } else if (!isNamed(definition, comm)) continue;
      identity ??= runningProcess(pid);
      if (identity === null) return;
      processes.set(pid, identity.startTicks);
    }
  }
}

class Entry {
  private up: boolean | null = null;
  private why = '';
  /** Start time by pid. */
  private processes = new Map<number, string>();
  private count = 0;
  private pending: NodeJS.Timeout | undefined;
  private readonly quorum: number;
  private readonly quorumMax: number;

  constructor(
    readonly definition: TrackProcess,
    private readonly tell: TellProcess,
  ) {
    this.quorumMax = definition.quorumMax ?? Number.POSITIVE_INFINITY;
    this.quorum = definition.quorum ?? Math.min(1, this.quorumMax);
  }

  isFor(definition: TrackProcess): boolean {
    const essence = ({ weight, reverse, loc, ...rest }: TrackProcess) => JSON.stringify(rest);
    return essence(definition) === essence(this.definition);
  }

  get needsScan(): boolean {
    return this.up === null || this.processes.size < this.quorum || this.quorumMax !== Number.POSITIVE_INFINITY;
  }

  /** Looks at as many of the known ones as the quorum needs. @returns whether one of them is gone */
  look(): boolean {
    if (this.processes.size < this.quorum) return false;
    let left = this.quorum;
    let isLost = false;
    for (const [pid, startTicks] of this.processes) {
      if (left-- === 0) break;
      if (this.isStill(pid, startTicks)) continue;
      this.processes.delete(pid);
      isLost = true;
    }
    return isLost;
  }

  /** A process may take another program (execve(2)) or another name. */
  private isStill(pid: number, startTicks: string): boolean {
    const identity = runningProcess(pid);
    if (identity === null || identity.startTicks !== startTicks) return false;
    return needsCommandLine(this.definition) || isNamed(this.definition, identity.comm);
  }

  found(processes: Map<number, string>): void {
    const before = this.count;
    this.processes = processes;
    this.count = processes.size;
    const isUp = this.count >= this.quorum && this.count <= this.quorumMax;
    const { forkDelayMs = 0, terminateDelayMs = 0 } = this.definition;
    if (isUp === this.up) this.cancel();
    else if (this.up === null) this.settle(isUp);
    else this.pending ??= setTimeout(() => this.settle(isUp), this.count > before ? forkDelayMs : terminateDelayMs);
  }

  tellAgain(): void {
    if (this.up !== null) this.tell(this.definition.name, this.up, this.why);
  }

  stop(): void {
    this.cancel();
  }

  private cancel(): void {
    clearTimeout(this.pending);
    this.pending = undefined;
  }

  private settle(isUp: boolean): void {
    this.pending = undefined;
    this.up = isUp;
    this.why = `${this.count} running, ${this.wanted()}`;
    this.tellAgain();
  }

  private wanted(): string {
    if (this.quorumMax === Number.POSITIVE_INFINITY) return `${this.quorum} needed`;
    return `${this.quorum} to ${this.quorumMax} wanted`;
  }
}
