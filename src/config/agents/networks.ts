/** Who may ask, as addresses and networks: plain CIDR, and the forms of xinetd.conf(5). */
import { parseIpPattern } from '../../core/expr/ip-pattern.js';
import type { Parsed } from '../units.js';

const REMEDY = "write an address or a network, such as '10.0.0.5' or '10.0.0.0/24'";

/** `10.0.0.5`, `10.0.0.0/24`, `2001:db8::/32`. @returns the text as it is kept in the model */
export function networkOf(text: string): Parsed<string> {
  if (text.toLowerCase() === 'localhost') return { ok: true, value: '127.0.0.0/8' };
  if (parseIpPattern(text) !== undefined && (text.includes(':') || /^\d+(\.\d+){3}(\/|$)/.test(text)))
    return { ok: true, value: text };
  return { ok: false, message: `'${text}' is no address or network`, remedy: REMEDY };
}

/**
 * xinetd's forms beside CIDR: zeroes at the end stand for anything (`10.0.0.0` is 10.0.0.0/8, `0.0.0.0` everyone), and
 * `10.1.2.{3,4}` lists. Host names, which xinetd looks up for every connection, are refused.
 */
export function xinetdNetworks(text: string): Parsed<string[]> {
  const [, head, listed] = /^((?:\d+\.)*)\{([\d,]+)\}$/.exec(text) ?? [];
  if (listed !== undefined) return each(listed.split(',').map((last) => withWildcards(`${head}${last}`)));
  if (/^\d+(\.\d+){0,3}$/.test(text)) return each([withWildcards(text)]);
  if (text.includes('/') || text.includes(':')) return each([text]);
  if (text === 'localhost') return { ok: true, value: ['127.0.0.0/8', '::1'] };
  return {
    ok: false,
    message: `'${text}' is a name, which would have to be looked up for every poller`,
    remedy: REMEDY,
  };
}

/** Octets that are not written, and zeroes at the end, match anything. */
function withWildcards(text: string): string {
  const octets = text.split('.');
  const last = octets.findLastIndex((octet) => Number(octet) !== 0);
  const all = [...octets, '0', '0', '0'].slice(0, 4);
  return last === 3 ? text : `${all.join('.')}/${(last + 1) * 8}`;
}

function each(texts: readonly string[]): Parsed<string[]> {
  const parsed = texts.map(networkOf);
  const bad = parsed.find((one) => !one.ok);
  if (bad?.ok === false) return bad;
  return { ok: true, value: texts.map((text) => text) };
}
