/**
 * The last answer as it arrived, with what came of it: a server at rest answers with the same bytes again, which are
 * compared instead of taken apart (2 µs instead of 8 for a MariaDB primary's). Right only where nothing but the bytes
 * decides. It stands before the inbox: bytes reach that only once they differ from what is known.
 */
import type { Step } from './dialogue.js';
import type { Inbox } from './inbox.js';

/** Longer answers are not remembered. */
const ANSWER_BYTES_MAX = 16_384;
const ROOM_BYTES = 1024;

export class AnswerMemo {
  private known = Buffer.alloc(0);
  private knownBytes = 0;
  private step: Step | null = null;
  /** The answer under way, where it is not the known one. */
  private fresh = Buffer.alloc(0);
  /** Bytes of the answer under way. */
  private bytes = 0;
  private mode: 'rest' | 'compare' | 'record' = 'rest';

  /** Nothing is known, and what comes is no answer. */
  forget(): void {
    this.step = null;
    this.mode = 'rest';
  }

  /** The question goes out: the answer begins with the next byte. */
  ask(): void {
    this.bytes = 0;
    this.mode = this.step === null ? 'record' : 'compare';
  }

  feed(piece: Buffer, inbox: Inbox): void {
    if (this.mode === 'compare') {
      if (this.goesOn(piece)) {
        this.bytes += piece.length;
        return;
      }
      this.differ(inbox);
    }
    if (this.mode === 'record') this.record(piece);
    inbox.feed(piece);
  }

  private goesOn(piece: Buffer): boolean {
    const end = this.bytes + piece.length;
    return end <= this.knownBytes && this.known.compare(piece, 0, piece.length, this.bytes, end) === 0;
  }

  /** It is another answer: what was the same so far is read after all. */
  private differ(inbox: Inbox): void {
    const same = this.known.subarray(0, this.bytes);
    this.forget();
    this.mode = 'record';
    this.bytes = 0;
    if (same.length === 0) return;
    this.record(same);
    inbox.feed(same);
  }

  private record(piece: Buffer): void {
    const end = this.bytes + piece.length;
    if (end > ANSWER_BYTES_MAX) {
      this.mode = 'rest';
      return;
    }
    if (this.fresh.length < end) {
      const larger = Buffer.alloc(Math.ceil(end / ROOM_BYTES) * ROOM_BYTES);
      this.fresh.copy(larger, 0, 0, this.bytes);
      this.fresh = larger;
    }
    piece.copy(this.fresh, this.bytes);
    this.bytes = end;
  }

  /** @returns what came of the known answer, once all of it has come again */
  recall(): Step | null {
    if (this.mode !== 'compare' || this.bytes !== this.knownBytes) return null;
    this.mode = 'rest';
    return this.step;
  }

  /** @param inbox with the whole answer just read */
  keep(inbox: Inbox, step: Step): void {
    if (this.mode === 'record' && inbox.available === 0) {
      [this.known, this.fresh] = [this.fresh, this.known];
      this.knownBytes = this.bytes;
      this.step = step;
    }
    this.mode = 'rest';
  }
}
