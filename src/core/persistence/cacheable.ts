/** Whether a cache may keep a response (`cookie … nocache`, `option checkcache`), as HAProxy 2.6 judges it (observed). */
import { findHeader, headerValue } from '../http1/headers.js';
import type { HttpMessage } from '../http1/message.js';

const STATUSES = new Set([200, 203, 204, 206, 300, 301, 404, 405, 410, 414, 501]);

/** @param status as the server sent it: rules may have changed it since */
export function isCacheable(method: string, status: number, response: HttpMessage): boolean {
  if ((method !== 'GET' && method !== 'HEAD') || !STATUSES.has(status)) return false;
  if (hasPragma(response)) return false;
  const control = controls(response);
  if (control.some((word) => FORBIDS.test(word))) return false;
  return hasValidator(response) || control.some((word) => /^(s-maxage|max-age)=/.test(word));
}

const FORBIDS = /^(no-store|no-cache|private|(s-maxage|max-age)=0)$/;

function hasPragma(response: HttpMessage): boolean {
  const row = findHeader(response, 'pragma');
  return row >= 0 && headerValue(response, row).toLowerCase() === 'no-cache';
}

/** A date or a tag by which a copy could be renewed, or the time when it becomes old. */
function hasValidator(response: HttpMessage): boolean {
  return ['last-modified', 'etag', 'expires'].some((name) => findHeader(response, name) >= 0);
}

function controls(response: HttpMessage): string[] {
  const words: string[] = [];
  for (let row = findHeader(response, 'cache-control'); row >= 0; row = findHeader(response, 'cache-control', row))
    for (const word of headerValue(response, row).split(',')) words.push(word.trim().toLowerCase());
  return words;
}
