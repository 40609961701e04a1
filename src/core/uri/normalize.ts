/** `http-request normalize-uri`: one function per normalizer of the manual, over the parts of a request target. */
import { pathOf, pathStart, withPath, withPathq } from './target.js';

/** @returns the new target; null where `strict` finds an invalid sequence: the request is refused with 400 */
export type Normalizer = (target: string) => string | null;

export function fragmentStrip(target: string): string {
  const at = target.indexOf('#');
  return at < 0 ? target : target.slice(0, at);
}

export function fragmentEncode(target: string): string {
  return target.replaceAll('#', '%23');
}

export function pathMergeSlashes(target: string): string {
  return onPath(target, (path) => path.replace(/\/{2,}/g, '/'));
}

export function pathStripDot(target: string): string {
  return onPath(target, (path) => {
    const kept = path.split('/').filter((segment) => segment !== '.');
    return path.endsWith('/.') ? `${kept.join('/')}/` : kept.join('/');
  });
}

/** @param isFull leading `..` go too */
export function pathStripDotdot(target: string, isFull: boolean): string {
  return onPath(target, (path) => {
    const out: string[] = [];
    const segments = path.split('/').slice(1);
    segments.forEach((segment, i) => {
      const isLast = i === segments.length - 1;
      if (segment !== '..') out.push(segment);
      else if (out.length > 0 && out.at(-1) !== '..') {
        out.pop();
        if (isLast) out.push('');
      } else {
        if (!isFull) out.push('..');
        if (isLast) out.push('');
      }
    });
    return `/${out.join('/')}`;
  });
}

const UNRESERVED = /[A-Za-z0-9._~-]/;

export function percentDecodeUnreserved(target: string, isStrict: boolean): string | null {
  if (isStrict && hasBrokenPercent(target)) return null;
  return onPathq(target, (text) =>
    text.replace(/%([0-9A-Fa-f]{2})/g, (whole, hex: string) => {
      const char = String.fromCharCode(Number.parseInt(hex, 16));
      return UNRESERVED.test(char) ? char : whole;
    }),
  );
}

export function percentToUppercase(target: string, isStrict: boolean): string | null {
  if (isStrict && hasBrokenPercent(target)) return null;
  return onPathq(target, (text) => text.replace(/%[0-9A-Fa-f]{2}/g, (whole) => whole.toUpperCase()));
}

/** Stable: parameters of one name keep their order. Shorter names come before longer ones that begin with them. */
export function querySortByName(target: string): string {
  const at = target.indexOf('?');
  if (at < 0) return target;
  const named = target
    .slice(at + 1)
    .split('&')
    .map((text) => ({ text, name: /^[^=]*/.exec(text)?.[0] ?? '' }));
  named.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return target.slice(0, at + 1) + named.map((one) => one.text).join('&');
}

function hasBrokenPercent(target: string): boolean {
  return /%(?![0-9A-Fa-f]{2})/.test(target);
}

function onPath(target: string, change: (path: string) => string): string {
  const path = pathOf(target);
  return path === '' ? target : withPath(target, change(path));
}

function onPathq(target: string, change: (pathq: string) => string): string {
  const from = pathStart(target);
  return from < 0 ? target : withPathq(target, change(target.slice(from)));
}
