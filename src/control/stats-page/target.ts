/** What the URL of the statistics page asks for: options are words between semicolons, as scrapers write them. */

type PageFormat = 'html' | 'csv' | 'json' | 'json-schema' | 'typed';

export interface PageTarget {
  readonly format: PageFormat;
  /** `;up`: no servers that are down. */
  readonly upOnly: boolean;
  /** `;no-maint`: no servers in maintenance. */
  readonly noMaint: boolean;
  /** `;norefresh` */
  readonly noRefresh: boolean;
  /** `scope=TEXT`: proxies whose names hold the text, in any case; '' all. */
  readonly scope: string;
  /** `;st=CODE`: what came of the form that led here; '' none. */
  readonly outcome: string;
}

/** The longest scope that the page takes. */
export const SCOPE_LENGTH_MAX = 20;

const FORMATS: readonly PageFormat[] = ['json-schema', 'typed', 'csv', 'json'];

/**
 * @param uri `stats uri`
 * @param target of the request, as sent; in absolute form too
 */
export function readTarget(uri: string, target: string): PageTarget {
  const at = target.indexOf(uri);
  const rest = at < 0 ? target : target.slice(at + uri.length);
  const has = (word: string) => rest.includes(`;${word}`);
  return {
    format: FORMATS.find(has) ?? 'html',
    upOnly: has('up'),
    noMaint: has('no-maint'),
    noRefresh: has('norefresh'),
    scope: readScope(rest),
    outcome: /;st=([A-Z]{4})/.exec(rest)?.[1] ?? '',
  };
}

/** A single letter and anything that no name can hold select nothing: HAProxy 2.6 shows all proxies then (observed). */
function readScope(text: string): string {
  const scope = /scope=([^;&\s]*)/.exec(text)?.[1] ?? '';
  return /^[\w.:-]{2,}$/.test(scope) ? scope.slice(0, SCOPE_LENGTH_MAX) : '';
}

type Option = 'up' | 'no-maint' | 'norefresh' | 'csv' | 'json' | 'json-schema';

/** @returns the options of the page that a link keeps, in HAProxy's order */
export function keptOptions(target: PageTarget): Option[] {
  const options: [Option, boolean][] = [
    ['up', target.upOnly],
    ['no-maint', target.noMaint],
    ['norefresh', target.noRefresh],
  ];
  return options.filter(([, isSet]) => isSet).map(([word]) => word);
}

/** @returns a URL of the page: `/stats;st=DONE;up?scope=pg` */
export function pageUrl(uri: string, options: readonly string[], scope: string): string {
  return `${uri}${options.map((word) => `;${word}`).join('')}${scope === '' ? '' : `?scope=${scope}`}`;
}
