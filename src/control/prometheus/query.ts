/** What a scrape asks for: `?scope=server&scope=backend&no-maint`, as HAProxy's exporter reads it. */

const SCOPES = ['global', 'frontend', 'listener', 'backend', 'server', 'sticktable'] as const;
type MetricScope = (typeof SCOPES)[number];

export interface MetricQuery {
  readonly scopes: ReadonlySet<MetricScope>;
  /** Servers in maintenance are left out. */
  readonly noMaint: boolean;
}

/** @param target of the request; @returns null where it names a scope that there is not (answered with 400) */
export function readQuery(target: string): MetricQuery | null {
  const [, query = ''] = target.split('#', 1)[0].split('?');
  let scopes: Set<MetricScope> | null = null;
  let noMaint = false;
  for (const part of query.split('&')) {
    const [name, value] = part.split('=', 2).map(decoded);
    if (name === 'no-maint') noMaint = true;
    if (name !== 'scope') continue;
    scopes = withScope(scopes ?? new Set(), value);
    if (scopes === null) return null;
  }
  return { scopes: scopes ?? new Set(SCOPES), noMaint };
}

/** `*` is all, nothing is none; several add up. */
function withScope(before: Set<MetricScope>, name: string | undefined): Set<MetricScope> | null {
  if (name === '') return new Set();
  if (name === '*') return new Set(SCOPES);
  const scope = SCOPES.find((one) => one === name);
  return scope === undefined ? null : before.add(scope);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a broken escape is a name like any other, and none that we know
  }
}
