/** All sample fetches that run (manual §7.3), by name; and the names that hold a matching method (`path_beg`). */
import type { Fetch, Fetches } from './fetch.js';
import { CONNECTION } from './fetches/connection.js';
import { CONTENTS } from './fetches/contents.js';
import { COOKIES } from './fetches/cookies.js';
import { HEADERS } from './fetches/headers.js';
import { INTERNAL } from './fetches/internal.js';
import { PARAMETERS } from './fetches/parameters.js';
import { STICK } from './fetches/stick.js';
import { TARGET } from './fetches/target.js';
import { TRANSACTION } from './fetches/transaction.js';

export const FETCHES: Fetches = {
  ...INTERNAL,
  ...CONNECTION,
  ...CONTENTS,
  ...TARGET,
  ...HEADERS,
  ...COOKIES,
  ...PARAMETERS,
  ...TRANSACTION,
  ...STICK,
};

/** @returns undefined where no such fetch runs */
export function fetchNamed(name: string): Fetch | undefined {
  return Object.hasOwn(FETCHES, name) ? FETCHES[name] : undefined;
}

const DERIVED =
  /^(base|cook|hdr|path|url|urlp|scook|shdr|req\.cook|req\.hdr|res\.cook|res\.hdr)_(beg|dir|dom|end|len|reg|sub)$/;

/**
 * What a name in an ACL stands for: `hdr_beg` is `hdr` compared by `beg`. In ACLs `hdr` means the request (manual
 * §7.3.6).
 */
export function aclFetch(name: string): { fetch: string; match?: string } {
  const [, base, match] = DERIVED.exec(name) ?? [];
  if (base === undefined) return { fetch: name === 'hdr' ? 'req.hdr' : name };
  return { fetch: base === 'hdr' ? 'req.hdr' : base, match };
}
