/**
 * Request targets as text (RFC 9112 §3.2) and what rules do to their parts. A path begins at the first `/` behind an
 * optional scheme and authority and ends before `?`; `*` and `host:port` have none.
 */

/** Index where the path begins; -1 where there is none. */
export function pathStart(target: string): number {
  if (target.charCodeAt(0) === 0x2f) return 0;
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.exec(target);
  if (scheme === null) return -1;
  for (let i = scheme[0].length; i < target.length; i++) {
    if (target[i] === '/') return i;
    if (target[i] === '?' || target[i] === '#') return -1;
  }
  return -1;
}

/** Index of the `?`, or the length without one. */
function queryStart(target: string, from: number): number {
  const at = target.indexOf('?', from);
  return at < 0 ? target.length : at;
}

/** @returns the path; '' where there is none */
export function pathOf(target: string): string {
  const from = pathStart(target);
  return from < 0 ? '' : target.slice(from, queryStart(target, from));
}

/** @returns path and query; '' where there is no path */
export function pathqOf(target: string): string {
  const from = pathStart(target);
  return from < 0 ? '' : target.slice(from);
}

/** A target without a path is replaced as a whole, as HAProxy does (observed). */
export function withPath(target: string, path: string): string {
  const from = pathStart(target);
  if (from < 0) return path;
  return target.slice(0, from) + path + target.slice(queryStart(target, from));
}

export function withPathq(target: string, pathq: string): string {
  const from = pathStart(target);
  return from < 0 ? pathq : target.slice(0, from) + pathq;
}

/** The `?` stays once it is there; without one an empty query adds none (manual, `http-request set-query`). */
export function withQuery(target: string, query: string): string {
  const at = target.indexOf('?');
  if (at >= 0) return target.slice(0, at + 1) + query;
  return query === '' ? target : `${target}?${query}`;
}

/** Authority of an absolute target; '' of others. */
export function authorityOf(target: string): string {
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.exec(target);
  return scheme === null ? '' : (/^[^/?#]*/.exec(target.slice(scheme[0].length)) as RegExpExecArray)[0];
}

/** An absolute target with another authority; others as they are. */
export function withAuthority(target: string, authority: string): string {
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.exec(target);
  return scheme === null ? target : target.replace(/^([^:]*:\/\/)[^/?#]*/, (_, before) => before + authority);
}

/**
 * What a rule wrote, fit for a request line: characters that would end the target or the line are percent-encoded, and
 * where nothing is left it is `/`.
 */
export function safeTarget(text: string): string {
  if (text === '') return '/';
  return text.replace(/[\x00-\x20\x7f]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}
