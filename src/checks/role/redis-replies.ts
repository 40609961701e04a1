/** Replies of RESP2 (redis.io, "Redis serialization protocol specification"): those that our questions may have. */
import type { Inbox } from './inbox.js';

export interface Reply {
  readonly isError: boolean;
  /** Without the type byte; empty for a null. */
  readonly text: string;
}

const LINE_MAX = 1024;
const BULK_MAX = 32_768;
const CR = 0x0d;
const LF = 0x0a;

/** @returns null while its end is missing; 'bad' for what is no reply of these types */
export function takeReply(inbox: Inbox): Reply | null | 'bad' {
  if (inbox.available === 0) return null;
  const type = String.fromCharCode(inbox.bytes[inbox.at]);
  if (!'+-:$'.includes(type)) return 'bad';
  const end = inbox.bytes.indexOf(LF, inbox.at);
  if (end < 0 || end >= inbox.end) return inbox.available > LINE_MAX ? 'bad' : null;
  if (end - inbox.at > LINE_MAX || inbox.bytes[end - 1] !== CR) return 'bad';
  const line = inbox.bytes.toString('utf8', inbox.at + 1, end - 1);
  if (type === '$') return takeBulk(inbox, line, end + 1);
  inbox.at = end + 1;
  return { isError: type === '-', text: line };
}

function takeBulk(inbox: Inbox, length: string, from: number): Reply | null | 'bad' {
  if (length === '-1') {
    inbox.at = from;
    return { isError: false, text: '' };
  }
  const bytes = /^\d{1,5}$/.test(length) ? Number(length) : BULK_MAX + 1;
  if (bytes > BULK_MAX) return 'bad';
  if (inbox.end - from < bytes + 2) return null;
  if (inbox.bytes[from + bytes] !== CR || inbox.bytes[from + bytes + 1] !== LF) return 'bad';
  const text = inbox.bytes.toString('utf8', from, from + bytes);
  inbox.at = from + bytes + 2;
  return { isError: false, text };
}
