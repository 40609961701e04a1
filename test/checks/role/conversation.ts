/** Leads a dialogue through a conversation with a scripted server, its bytes cut into pieces of any size. */

import type { Dialogue } from '../../../src/checks/role/dialogue.js';
import { CheckStatus } from '../../../src/core/check-status.js';
import type { Finding } from '../../../src/core/role/verdict.js';

export interface Course {
  /** What was sent to the server, in order; TLS shows as the text `TLS`. */
  readonly sent: Buffer[];
  /** The finding of each question, and of the end. */
  readonly findings: Finding[];
  readonly isEnded: boolean;
}

/** More than any honest conversation takes; reaching it means a loop. */
const STEPS_MAX = 10_000;
/** Pieces arrive in one buffer that the next one overwrites, as on the socket. */
const shared = Buffer.alloc(65_536);

/**
 * @param replies the first follows the connection, the others one each message of ours (empty: silence)
 * @param sizes of the pieces that arrive, over and over
 */
export function converse(dialogue: Dialogue, replies: readonly Buffer[], sizes: readonly number[] = [65_536]): Course {
  const course = { sent: [] as Buffer[], findings: [] as Finding[], isEnded: false };
  const script = [...replies];
  const arriving: Buffer[] = [];
  let nowMs = 0;
  let cut = 0;
  const arrive = () => {
    for (let bytes = script.shift() ?? Buffer.alloc(0), at = 0; at < bytes.length; ) {
      const size = Math.max(1, sizes[cut++ % sizes.length]);
      arriving.push(bytes.subarray(at, at + size));
      at += size;
    }
  };
  const send = (bytes: Buffer) => {
    course.sent.push(bytes);
    arrive();
  };
  dialogue.begin(false);
  arrive();
  for (let steps = 0; !course.isEnded; steps++) {
    if (steps > STEPS_MAX) throw new Error('the dialogue does not come to rest');
    const step = dialogue.next();
    if (step.do === 'wait') {
      const piece = arriving.shift();
      if (piece === undefined) break;
      shared.fill(0xee);
      piece.copy(shared);
      dialogue.feed(shared.subarray(0, piece.length));
    } else if (step.do === 'send') send(step.bytes);
    else if (step.do === 'start-tls') {
      course.sent.push(Buffer.from('TLS'));
      dialogue.secured();
    } else if (step.do === 'ready') send(dialogue.ask(nowMs));
    else {
      course.findings.push(step.finding);
      course.isEnded = step.do === 'failed' || !step.isKept;
      nowMs += 200;
      if (!course.isEnded && script.length > 0) send(dialogue.ask(nowMs));
    }
  }
  return course;
}

/** The statuses by name, for assertions that read well. */
export function outcomes(course: Course): string[] {
  const names = new Map<number, string>(Object.entries(CheckStatus).map(([name, value]) => [value, name]));
  return course.findings.map(({ status, text }) => `${names.get(status)} ${text}`);
}
