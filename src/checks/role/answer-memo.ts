/**
 * The last answer as it arrived, with what came of it: a server at rest answers with the same bytes again, which are
 * then not taken apart a second time. Right only where nothing but the bytes decides.
 */
import type { Step } from './dialogue.js';
import type { Inbox } from './inbox.js';

const ROOM_BYTES = 1024;

export class AnswerMemo {
  private bytes = Buffer.alloc(0);
  private length = -1;
  private step: Step | null = null;

  forget(): void {
    this.step = null;
    this.length = -1;
  }

  /** Consumes the answer when it is the known one. @param inbox with the first piece of an answer, nothing read */
  recall(inbox: Inbox): Step | null {
    if (inbox.end !== this.length || inbox.at !== 0 || !inbox.isOnePiece) return null;
    if (this.bytes.compare(inbox.bytes, 0, inbox.end, 0, this.length) !== 0) return null;
    inbox.at = inbox.end;
    return this.step;
  }

  /** @param inbox with the whole answer just read */
  keep(inbox: Inbox, step: Step): void {
    this.forget();
    if (!inbox.isOnePiece || inbox.available > 0) return;
    if (this.bytes.length < inbox.end) this.bytes = Buffer.alloc(Math.ceil(inbox.end / ROOM_BYTES) * ROOM_BYTES);
    inbox.bytes.copy(this.bytes, 0, 0, inbox.end);
    this.length = inbox.end;
    this.step = step;
  }
}
