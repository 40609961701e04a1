/**
 * One question for many pollers: an answer serves everyone for the share window, and whoever comes while a question is
 * under way waits for its answer. So the server is asked at most once per window, however many ask us.
 */
import { type Finding, undecided } from './finding.js';

/** Something that can be asked. */
export interface Source {
  /** Asks; `done` is called at most once, never synchronously, and within the time limit the source was made with. */
  find(done: (finding: Finding) => void): void;
  close(): void;
}

/** A server that ends each session behind its answer is asked no more often than this. */
const BROKEN_GAP_MS = 50;

export type Waiter = (finding: Finding) => void;

export class Asker {
  private last: Finding | null = null;
  private expiresAtMs = 0;
  private isAsking = false;
  private startedMs = Number.NEGATIVE_INFINITY;
  /** What was known was forgotten, and not found out again. */
  private isForgotten = false;
  private timer: NodeJS.Timeout | undefined;
  /** Rises when what is known is forgotten: an answer to an older question is not shared. */
  private era = 0;
  private waiters = new Set<Waiter>();
  private isClosed = false;
  /** Questions that went out, for the figures. */
  asked = 0;

  /**
   * @param onFinding told of each new finding
   * @param now milliseconds of the monotonic clock
   */
  constructor(
    private readonly source: Source,
    private readonly shareMs: number,
    private readonly onFinding: (finding: Finding) => void,
    private readonly now: () => number,
  ) {}

  /** @returns what is known, or null: then `waiter` will be called, unless `leave` comes first */
  ask(waiter: Waiter): Finding | null {
    if (this.last !== null && this.now() < this.expiresAtMs) return this.last;
    this.waiters.add(waiter);
    this.prime();
    return null;
  }

  leave(waiter: Waiter): void {
    this.waiters.delete(waiter);
  }

  /** Asks although nobody waits, so that the first poller need not. */
  prime(): void {
    if (this.isAsking || this.isClosed || this.timer !== undefined) return;
    const waitMs = this.isForgotten ? this.startedMs + BROKEN_GAP_MS - this.now() : 0;
    if (waitMs <= 0) this.start();
    else this.timer = setTimeout(() => this.start(), waitMs);
  }

  /** What was known may no longer be true: the held session broke. */
  forget(): void {
    this.last = null;
    this.isForgotten = true;
    this.era++;
  }

  /** What nobody could find out in time. */
  late(limitMs: number): Finding {
    return undecided(`no answer within ${limitMs} ms`, this.now());
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
    this.source.close();
    this.waiters.clear();
  }

  private start(): void {
    const era = this.era;
    this.timer = undefined;
    this.startedMs = this.now();
    this.isAsking = true;
    this.asked++;
    this.source.find((finding) => this.onAnswer(finding, era));
  }

  private onAnswer(finding: Finding, era: number): void {
    this.isAsking = false;
    if (this.isClosed) return;
    // The session broke after this was asked: those who wait get the answer of a new question.
    if (era !== this.era && finding.isOk) {
      this.prime();
      return;
    }
    this.isForgotten = false;
    this.last = finding;
    this.expiresAtMs = this.now() + this.shareMs;
    this.onFinding(finding);
    const waiters = [...this.waiters];
    this.waiters.clear();
    for (const waiter of waiters) waiter(finding);
  }
}
