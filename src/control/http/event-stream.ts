/** `GET /v1/events`: as lines of JSON, or as server-sent events (WHATWG HTML §9.2); with `follow` it goes on. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Engine } from '../engine.js';
import { EventFeed, type FeedFormat, JSON_LINES } from '../event-feed.js';
import { readEventRequest } from '../event-request.js';
import { type Refusal, sendRefusal } from './answer.js';

/** A client that is gone shows when something is sent to it. */
const HEARTBEAT_MS = 15_000;
/** A client that reads nothing for so long is let go. */
const STALLED_MS = 30_000;
const FOLLOWERS_MAX = 32;

const SERVER_SENT: FeedFormat = {
  render: (event) =>
    `id: ${event.seq}\nevent: ${event.kind === 'vip' ? 'vip' : 'health'}\ndata: ${JSON_LINES.render(event)}\n`,
  renderMissed: (count) => `event: missed\ndata: ${JSON_LINES.renderMissed(count)}\n`,
};

let followers = 0;

export async function streamEvents(
  engine: Engine,
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
): Promise<void> {
  const isServerSent = /\btext\/event-stream\b/.test(request.headers.accept ?? '');
  const asked = readEventRequest(engine, wordsOf(query, request, isServerSent), Date.now());
  if (typeof asked === 'string') return sendRefusal(response, refusalOf(asked));
  if (asked.follows && followers >= FOLLOWERS_MAX) return sendRefusal(response, tooMany());
  const feed = new EventFeed(engine, asked, isServerSent ? SERVER_SENT : JSON_LINES);
  const type = isServerSent ? 'text/event-stream' : 'application/x-ndjson';
  response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' });
  if (asked.follows) followers++;
  try {
    await pour(feed, response, isServerSent ? ':\n\n' : '\n');
  } finally {
    if (asked.follows) followers--;
  }
}

/** The words of `show events` for what the query says. */
function wordsOf(query: URLSearchParams, request: IncomingMessage, isServerSent: boolean): string[] {
  const [backend, server] = [query.get('backend') ?? query.get('vip'), query.get('server')];
  const after = query.get('after') ?? (request.headers['last-event-id'] as string | undefined);
  const since = query.get('since');
  const follows = isServerSent || ['1', 'true', 'yes', ''].includes(query.get('follow') ?? 'no');
  return [
    ...(backend === null ? [] : [server === null ? backend : `${backend}/${server}`]),
    ...(since === null ? [] : ['since', since]),
    ...(after === undefined || after === null ? [] : ['after', after]),
    ...(follows ? ['-w'] : []),
  ];
}

function refusalOf(message: string): Refusal {
  const isName = message.startsWith('there is no') || message.startsWith('backend ');
  return isName ? { status: 404, code: 'NO_SUCH_SERVER', message } : { status: 400, code: 'BAD_FIELD', message };
}

function tooMany(): Refusal {
  return { status: 503, code: 'TOO_MANY_FOLLOWERS', message: `${FOLLOWERS_MAX} clients follow already` };
}

async function pour(feed: EventFeed, response: ServerResponse, heartbeat: string): Promise<void> {
  response.flushHeaders();
  response.on('close', () => feed.stop());
  response.setTimeout(STALLED_MS, () => response.destroy());
  const timer = setInterval(() => {
    if (!response.writableNeedDrain) response.write(heartbeat);
  }, HEARTBEAT_MS);
  try {
    for await (const piece of feed) {
      if (response.destroyed) return;
      if (!response.write(piece)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
    }
    response.end();
  } finally {
    clearInterval(timer);
  }
}
