/** What older files hold and HAProxy 2.6 no longer knows: each with what says the same today. */

const DENY = "write 'http-request deny if …'";
const TARPIT = "write 'http-request tarpit if …'";
const ALLOW = "write 'http-request allow if …'";
const REPLACE = "write 'http-request replace-path', 'replace-uri' or 'replace-header'";

/** By keyword; `i` behind `req` and `rsp` was "in any case". */
const KEYWORDS: { readonly [keyword: string]: string } = {
  block: DENY,
  reqadd: "write 'http-request add-header NAME VALUE'",
  reqallow: ALLOW,
  reqdel: "write 'http-request del-header NAME'",
  reqdeny: DENY,
  reqpass: ALLOW,
  reqrep: REPLACE,
  reqtarpit: TARPIT,
  rspadd: "write 'http-response add-header NAME VALUE'",
  rspdel: "write 'http-response del-header NAME'",
  rspdeny: "write 'http-response deny if …'",
  rsprep: "write 'http-response replace-header NAME REGEX VALUE'",
  'monitor-net': "write 'http-request return status 200 if { src NETWORK }'",
};

const OPTIONS: { readonly [option: string]: string } = {
  'http-tunnel': 'remove the line: a connection becomes a tunnel when both sides agree on it',
  forceclose: "remove the line, or write 'option httpclose' if every connection must close",
  http_proxy: "write 'http-request set-dst' and 'http-request set-uri'",
};

/** @returns what to write in place of a keyword that is gone */
export function replacementOf(keyword: string): string | undefined {
  const plain = keyword.replace(/^(req|rsp)i(?!$)/, '$1');
  return Object.hasOwn(KEYWORDS, plain) ? KEYWORDS[plain] : undefined;
}

/** The same of `option NAME`. */
export function replacementOfOption(name: string): string | undefined {
  return Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined;
}
