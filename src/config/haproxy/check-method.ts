/** Which check a section makes: each such option takes the place of the one before. */
import type { Line } from './line.js';
import { type CheckDraft, mark, type ProxySection } from './section.js';

export interface HealthOption {
  in: string;
  isNegatable: false;
  read(line: Line, section: ProxySection): void;
}

export function healthOption(read: HealthOption['read']): HealthOption {
  return { in: 'db', isNegatable: false, read };
}

/** The last such option of a section holds; the lines of the others are ignored. */
export function chooseMethod(line: Line, section: ProxySection, method: CheckDraft['method']): void {
  const draft = section.check;
  // Said to us alone: the line HAProxy needs beside it does not take it back, wherever it stands in the section.
  if (draft.method === 'role' && draft.isRoleInherited === false) return;
  draft.method = method;
  mark(section, 'check', line);
}
