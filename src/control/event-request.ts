/** The words after `show events`: `[<bk>[/<srv>]|<vip>] [json] [since <time>] [after <seq>] [-w] [-n]`, in any order. */
import { parseDuration } from '../config/units.js';
import type { Engine } from './engine.js';
import type { FeedRequest } from './event-feed.js';
import { findNamed } from './subjects.js';

export interface EventRequest extends FeedRequest {
  readonly isJson: boolean;
}

type Draft = { -readonly [K in keyof EventRequest]: EventRequest[K] };

/** @returns what is asked for, or what is wrong with it */
export function readEventRequest(
  engine: Pick<Engine, 'model' | 'history'>,
  words: readonly string[],
  nowMs: number,
): EventRequest | string {
  const draft: Draft = { afterSeq: 0, sinceMs: 0, follows: false, isJson: false };
  for (let i = 0; i < words.length; i++) {
    const hasValue = words[i] === 'since' || words[i] === 'after';
    const complaint = hasValue
      ? bound(draft, words[i], words[++i] ?? '', engine, nowMs)
      : single(draft, words[i], engine);
    if (complaint !== null) return complaint;
  }
  return draft;
}

function single(draft: Draft, word: string, engine: Pick<Engine, 'model' | 'history'>): string | null {
  if (word === 'json') draft.isJson = true;
  else if (word === '-w') draft.follows = true;
  else if (word === '-n') draft.afterSeq = engine.history.lastSeq;
  else return about(draft, engine, word);
  return null;
}

function about(draft: Draft, { model }: Pick<Engine, 'model'>, text: string): string | null {
  const found = findNamed(model, text);
  if (!found.ok) return found.why;
  const { value } = found;
  if ('vip' in value) draft.vip = value.vip;
  else Object.assign(draft, { proxy: value.proxy.name, server: value.server?.name });
  return null;
}

function bound(draft: Draft, word: string, text: string, { history }: Pick<Engine, 'history'>, nowMs: number) {
  if (word === 'after') {
    if (!/^\d{1,15}$/.test(text)) return "'after' expects the number of an event.";
    // A greater number than there is comes from another history: that of a process which is gone.
    draft.afterSeq = Number(text) > history.lastSeq ? 0 : Number(text);
    return null;
  }
  const parsed = parseDuration(text);
  if (!parsed.ok) return "'since' expects a time such as 30s, 10m, 2h.";
  draft.sinceMs = nowMs - parsed.value.ms;
  return null;
}
