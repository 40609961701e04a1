/** Sample fetches of captures, bodies, authentication and responses (manual §7.3.6). */

import { latin1 } from '../../http1/characters.js';
import { findHeader, findKnown, headerValue } from '../../http1/headers.js';
import { BODY_LENGTH, H_AUTHORIZATION } from '../../http1/message.js';
import { decodeBase64 } from '../base64.js';
import type { HttpView, SampleContext } from '../context.js';
import { binary, boolean, type Fetch, type Fetches, integer, text, waiting } from '../fetch.js';
import { receivedRequest, requestOf } from './messages.js';
import { versionText } from './target.js';

export const TRANSACTION: Fetches = {
  'capture.req.hdr': text((c, [slot]) => c.http?.requestCaptures[Number(slot)] ?? undefined, 1),
  'capture.res.hdr': text((c, [slot]) => c.http?.responseCaptures[Number(slot)] ?? undefined, 1),
  'capture.req.method': text((c) => requestLine(c)?.[0]),
  'capture.req.uri': text((c) => originForm(requestLine(c)?.[1])),
  'capture.req.ver': text((c) => requestVersion(c)),
  // Of a server; replies of rules have none.
  'capture.res.ver': text((c) =>
    c.response === null || c.http?.isOwnReply ? undefined : `HTTP/${versionText(c.response)}`,
  ),
  status: integer((c) => c.response?.status),
  'res.ver': text((c) => versionText(c.response)),
  resp_ver: text((c) => versionText(c.response)),
  http_first_req: boolean((c) => (receivedRequest(c) === null ? undefined : c.http?.isFirst)),
  'req.body': waiting(binary(body)),
  'req.body_len': waiting(integer((c) => available(c.http))),
  'req.body_size': waiting(integer(advertised)),
  http_auth: waiting(boolean(isAuthenticated, 1)),
  http_auth_group: { ...waiting(text(authenticatedUser, 1)), match: 'group' },
  http_auth_type: waiting(text(authType)),
  http_auth_user: waiting(text((c) => basic(c)?.[0])),
  http_auth_pass: waiting(text((c) => basic(c)?.[1])),
  http_auth_bearer: { kind: 'string', contents: true, make: makeBearer },
};

/** Method, target and version as received; rules may have changed the message since. */
function requestLine(c: SampleContext): readonly string[] | undefined {
  if (c.http === null) return undefined;
  const line = c.http.requestLine;
  return line === '' ? undefined : line.split(' ');
}

/** Without scheme and authority. */
function originForm(target: string | undefined): string | undefined {
  if (target === undefined) return undefined;
  const [, path] = /^[^/?]*:\/\/[^/]*(\/.*)$/.exec(target) ?? [];
  return (path ?? target).startsWith('/') ? (path ?? target) : undefined;
}

function requestVersion(c: SampleContext): string | undefined {
  const version = versionText(receivedRequest(c)) ?? requestLine(c)?.[2]?.slice(5);
  return version === undefined ? undefined : `HTTP/${version}`;
}

function available(http: HttpView | null): number | undefined {
  return http === null ? undefined : http.bodyTo - http.bodyFrom;
}

function body(c: SampleContext): string | undefined {
  const { http } = c;
  return http === null ? undefined : latin1(http.body, http.bodyFrom, http.bodyTo);
}

/** The announced length; of a chunked body what is there. */
function advertised(c: SampleContext): number | undefined {
  const message = requestOf(c);
  if (message === null) return undefined;
  return message.body === BODY_LENGTH ? message.contentLength : available(c.http);
}

/** Scheme and credentials. */
function authorization(c: SampleContext): readonly [string, string] | undefined {
  const message = requestOf(c);
  const row = message === null ? -1 : findKnown(message, H_AUTHORIZATION);
  return row < 0 ? undefined : schemeOf(headerValue(message!, row));
}

function schemeOf(value: string): readonly [string, string] | undefined {
  const space = value.indexOf(' ');
  return space <= 0 ? undefined : [value.slice(0, space), value.slice(space + 1).trimStart()];
}

/** Schemes that are not known, and credentials that cannot be read, are no scheme (observed from HAProxy). */
function authType(c: SampleContext): string | undefined {
  const scheme = authorization(c)?.[0].toLowerCase();
  if (scheme === 'bearer') return 'Bearer';
  return scheme === 'basic' && basic(c) !== undefined ? 'Basic' : undefined;
}

/** User and password (RFC 7617). */
function basic(c: SampleContext): readonly [string, string] | undefined {
  const found = authorization(c);
  if (found?.[0].toLowerCase() !== 'basic') return undefined;
  const pair = decodeBase64(found[1]);
  const colon = pair?.indexOf(':') ?? -1;
  return colon < 0 ? undefined : [pair!.slice(0, colon), pair!.slice(colon + 1)];
}

function isAuthenticated(c: SampleContext, [list]: readonly string[]): boolean | undefined {
  const pair = basic(c);
  return pair && (c.http?.authenticate(list, pair[0], pair[1]) ?? false);
}

function authenticatedUser(c: SampleContext, [list]: readonly string[]): string | undefined {
  const pair = basic(c);
  return pair !== undefined && c.http?.authenticate(list, pair[0], pair[1]) ? pair[0] : undefined;
}

/** Of `Authorization`, or of a header that is named: then what is no token is an empty one (observed from HAProxy). */
function makeBearer([header]: readonly string[]): ReturnType<Fetch['make']> {
  const name = header?.toLowerCase() ?? 'authorization';
  const missing = header === undefined ? undefined : '';
  return {
    read: (c) => {
      const message = requestOf(c);
      const row = message === null ? -1 : findHeader(message, name);
      const found = row < 0 ? undefined : schemeOf(headerValue(message!, row));
      return found?.[0].toLowerCase() === 'bearer' ? found[1] : missing;
    },
  };
}
