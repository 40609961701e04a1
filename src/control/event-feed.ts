/**
 * Events as they are asked for: those that history holds, and where the client stays, those to come. The feed is a
 * cursor into history and holds no queue of its own: a slow reader that falls behind hears how many it missed.
 */
import type { StoredEvent } from '../core/events/event.js';
import type { Feed } from './command.js';
import type { Engine } from './engine.js';

export interface FeedRequest {
  /** Undefined for all. */
  readonly proxy?: string;
  readonly server?: string;
  /** A virtual router or sync group, instead of a proxy. */
  readonly vip?: string;
  /** Only newer ones than this number. */
  readonly afterSeq: number;
  /** Only those that happened since, epoch ms. */
  readonly sinceMs: number;
  /** Wait for more at the end. */
  readonly follows: boolean;
}

export interface FeedFormat {
  readonly render: (event: StoredEvent) => string;
  /** What is said of events that were forgotten before they could be given. */
  readonly renderMissed: (count: number) => string;
}

/** Pieces are joined up to this many characters. */
const PIECE = 32_768;

export class EventFeed implements Feed {
  private cursor: number;
  private follows: boolean;
  private wake: () => void = () => undefined;

  constructor(
    private readonly engine: Pick<Engine, 'history' | 'onEvent'>,
    private readonly options: FeedRequest,
    private readonly format: FeedFormat,
  ) {
    this.cursor = options.afterSeq;
    this.follows = options.follows;
  }

  stop(): void {
    this.follows = false;
    this.wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string, void> {
    const unsubscribe = this.engine.onEvent(() => this.wake());
    try {
      for (;;) {
        const piece = this.piece();
        if (piece !== '') yield piece;
        else if (!this.follows) return;
        else await this.somethingNew();
      }
    } finally {
      unsubscribe();
    }
  }

  private somethingNew(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }

  /** What there is, up to a bound; '' when there is nothing new. */
  private piece(): string {
    const { history } = this.engine;
    let text = '';
    for (let found = history.next(this.cursor); found && text.length < PIECE; found = history.next(this.cursor)) {
      this.cursor = found.event.seq;
      if (found.missed > 0) text += this.format.renderMissed(found.missed);
      if (this.wants(found.event)) text += this.format.render(found.event);
    }
    return text;
  }

  private wants({ kind, proxy, server, atMs }: StoredEvent): boolean {
    const { options } = this;
    if (atMs < options.sinceMs) return false;
    // A backend may have the name of a virtual router.
    if (options.vip !== undefined) return kind === 'vip' && proxy === options.vip;
    if (kind === 'vip') return options.proxy === undefined;
    return (options.proxy ?? proxy) === proxy && (options.server ?? server) === server;
  }
}

export const JSON_LINES: FeedFormat = { render: eventJson, renderMissed: missedJson };

/** One line of JSON, without what only threads need. */
function eventJson(event: StoredEvent): string {
  const { type: _type, isQuiet: _isQuiet, seq, atMs, ...rest } = event;
  return `${JSON.stringify({ seq, time: new Date(atMs).toISOString(), atMs, ...rest })}\n`;
}

function missedJson(count: number): string {
  return `${JSON.stringify({ missed: count })}\n`;
}
