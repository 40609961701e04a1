/** Sample fetches of cookies (manual §7.3.6; RFC 6265 §4): of requests all pairs of a line, of responses the first. */
import type { HttpMessage } from '../../http1/message.js';
import { derived, type Fetch, type Fetches, integer, type SpanReader, spans, waiting } from '../fetch.js';
import { looseNumber } from '../loose-number.js';
import { spanText } from '../span.js';
import { CookieCursor } from './cookie-cursor.js';
import { type MessageOf, requestOf, responseOf } from './messages.js';

const REQUEST = family('req.cook', requestOf, false);
const RESPONSE = family('res.cook', responseOf, true);

export const COOKIES: Fetches = {
  ...REQUEST,
  ...RESPONSE,
  cook: REQUEST['req.cook'],
  cook_cnt: REQUEST['req.cook_cnt'],
  cook_val: REQUEST['req.cook_val'],
  scook: RESPONSE['res.cook'],
  scook_cnt: RESPONSE['res.cook_cnt'],
  scook_val: RESPONSE['res.cook_val'],
  cookie: REQUEST['req.cook'],
  'set-cookie': RESPONSE['res.cook'],
};

function family(prefix: string, of: MessageOf, isSet: boolean): Fetches {
  const cursor = new CookieCursor(isSet);
  const reader = (args: readonly string[]) => occurrences(args, of, cursor);
  return {
    [prefix]: spans(reader),
    [`${prefix}_val`]: derived('integer', reader, (span) => looseNumber(spanText(span))),
    [`${prefix}_cnt`]: counted(of, cursor),
  };
}

/** Samples are the last cookie of the name, or the first of all; ACLs look at each. */
function occurrences(args: readonly string[], of: MessageOf, cursor: CookieCursor): SpanReader | string {
  const [name = ''] = args;
  if (args.length > 1) return 'takes one name';
  const first: SpanReader['find'] = (c) => {
    const message = of(c);
    return message === null ? null : cursor.first(message, name);
  };
  const find: SpanReader['find'] = (c) => {
    const message = of(c);
    if (message === null || name === '') return first(c);
    let left = count(message, cursor, name);
    let span = left === 0 ? null : cursor.first(message, name);
    while (--left > 0) span = cursor.next();
    return span;
  };
  return { find, first, next: () => cursor.next() };
}

function count(message: HttpMessage, cursor: CookieCursor, name: string): number {
  let found = 0;
  for (let span = cursor.first(message, name); span !== null; span = cursor.next()) found++;
  return found;
}

function counted(of: MessageOf, cursor: CookieCursor): Fetch {
  return waiting(
    integer(
      (c, [name = '']) => {
        const message = of(c);
        return message === null ? undefined : count(message, cursor, name);
      },
      0,
      1,
    ),
  );
}
