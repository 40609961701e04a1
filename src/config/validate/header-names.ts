/** Header names no message can have (RFC 9110 §5.1): such a rule sends what servers refuse, or never finds anything. */
import type { Diagnostics, Loc } from '../diagnostics.js';
import type { HttpAction, Proxy } from '../model.js';

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

export function judgeHeaderNames(proxy: Proxy, diag: Diagnostics): void {
  const { http } = proxy;
  for (const { on, action, loc } of http.rules) {
    for (const name of namesOf(action)) complain(`'http-${on} ${action.do}'`, name, loc, diag);
  }
  for (const { name, loc } of [...http.requestCaptures, ...http.responseCaptures])
    if (name !== undefined) complain("'capture'", name, loc, diag);
  const settings: [string, string | undefined, Loc | undefined][] = [
    ["'unique-id-header'", http.uniqueIdHeader, proxy.at?.uniqueIdHeader],
    ["'http-send-name-header'", http.sendNameHeader, proxy.at?.sendNameHeader],
    ["'option forwardfor'", (http.forwardFor || undefined)?.header, proxy.at?.forwardFor],
    ["'option originalto'", (http.originalTo || undefined)?.header, proxy.at?.originalTo],
    ["'cookie'", http.cookie?.name, http.cookie?.loc],
  ];
  for (const [what, name, loc] of settings) if (name !== undefined) complain(what, name, loc ?? proxy.loc, diag);
  for (const { name, test, loc } of proxy.acls) {
    const header = headerOf(test.fetch, test.args);
    if (header !== undefined) complain(`ACL '${name}'`, header, loc, diag);
  }
}

function namesOf(action: HttpAction): string[] {
  if ('reply' in action) return (action.reply.headers ?? []).map(({ name }) => name);
  if (!('name' in action) || (action.do === 'del-header' && action.match !== undefined)) return [];
  return [action.name];
}

/** The header a fetch names. */
function headerOf(fetch: string, [name]: readonly string[]): string | undefined {
  return /^(req\.|res\.|s)?f?hdr(_|$)/.test(fetch) ? name : undefined;
}

function complain(what: string, name: string, loc: Loc | undefined, diag: Diagnostics): void {
  if (TOKEN.test(name)) return;
  const better = betterHeaderName(name);
  const message = `${what} names a header '${name}', which no message can have`;
  diag.warning('bad-header-name', loc, message, better === undefined ? 'write its name' : `write '${better}'`);
}

/** The name that was probably meant. @returns undefined where the name is sound, or nothing better is known */
export function betterHeaderName(name: string): string | undefined {
  const better = name.replace(/:$/, '').replace(/[^!#$%&'*+.^_`|~0-9A-Za-z-]+/g, '-');
  return TOKEN.test(name) || !TOKEN.test(better) ? undefined : better;
}
