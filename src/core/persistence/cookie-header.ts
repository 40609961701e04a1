/** The value of a Cookie header as a row of `name=value` between `;` (RFC 6265 §4.2.1) or, as HAProxy has it, `,`. */

export interface FoundCookie {
  /** Where it stands: [from, to) of the header, without the delimiters around it. */
  readonly from: number;
  readonly to: number;
  readonly nameFrom: number;
  /** Where its value begins, behind the `=` and blanks. */
  readonly valueFrom: number;
  readonly value: string;
}

/** The next cookie of the name from a position on; delimiters inside of quotes are none. Names are told by their case. */
export function findCookie(header: string, name: string, at = 0): FoundCookie | null {
  while (at < header.length) {
    const end = endOf(header, at);
    const found = cookieAt(header, at, end, name);
    if (found !== null) return found;
    at = end + 1;
  }
  return null;
}

function endOf(header: string, at: number): number {
  let isQuoted = false;
  for (; at < header.length; at++) {
    const c = header[at];
    if (c === '"') isQuoted = !isQuoted;
    else if (isQuoted && c === '\\') at++;
    else if (!isQuoted && (c === ';' || c === ',')) return at;
  }
  return header.length;
}

function cookieAt(header: string, from: number, to: number, name: string): FoundCookie | null {
  const equals = header.indexOf('=', from);
  if (equals < 0 || equals >= to || header.slice(from, equals).trim() !== name) return null;
  const nameFrom = header.indexOf(name, from);
  const raw = header.slice(equals + 1, to);
  const value = raw.trim();
  return { from, to, nameFrom, valueFrom: equals + 1 + raw.indexOf(value), value };
}

/** The header without a cookie that `findCookie` found in it; '' where nothing is left. */
export function withoutCookie(header: string, { from, to }: FoundCookie): string {
  if (from === 0) return worthKeeping(header.slice(to + 1).trimStart());
  if (to >= header.length) return worthKeeping(header.slice(0, from - 1).trimEnd());
  const rest = header.slice(to + 1);
  return worthKeeping(header.slice(0, from) + (/^[ \t]/.test(rest) ? rest : ` ${rest}`));
}

/** Attributes of RFC 2965 (`$Version`) mean nothing without a cookie. */
function worthKeeping(header: string): string {
  return header.split(';').every((one) => one.trim().startsWith('$')) ? '' : header;
}

/** The first `name=value` of a Set-Cookie header, where it has this name. */
export function setCookieOf(header: string, name: string): FoundCookie | null {
  const end = endOf(header, 0);
  return cookieAt(header, 0, end, name);
}
