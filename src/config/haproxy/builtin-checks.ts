/** HAProxy's own checks: `option mysql-check` and its kind, and what `external-check` runs (manual §4.2). */
import type { BuiltinCheck, BuiltinType } from '../builtin-model.js';
import type { CheckSpec } from '../model.js';
import { chooseMethod, type HealthOption, healthOption } from './check-method.js';
import type { Line } from './line.js';
import type { CheckDraft, ProxyKeywords, ProxySection } from './section.js';

export const BUILTIN_OPTIONS: { readonly [name: string]: HealthOption } = {
  'mysql-check': healthOption(readMysqlCheck),
  'pgsql-check': healthOption(readPgsqlCheck),
  'redis-check': plain('redis-ping'),
  smtpchk: healthOption(readSmtpchk),
  'ldap-check': plain('ldap'),
  'ssl-hello-chk': plain('ssl-hello'),
  'external-check': plain('external'),
};

const OPTION_NAMES: { readonly [type in CheckSpec['type']]: string } = {
  tcp: 'tcp-check',
  script: 'tcp-check',
  http: 'httpchk',
  role: '',
  'mysql-handshake': 'mysql-check',
  'pgsql-startup': 'pgsql-check',
  'redis-ping': 'redis-check',
  smtp: 'smtpchk',
  ldap: 'ldap-check',
  'ssl-hello': 'ssl-hello-chk',
  external: 'external-check',
};

/** What stands behind `option` for a kind of check. */
export function optionOf(type: CheckSpec['type']): string {
  return OPTION_NAMES[type];
}

/** What a section's lines come to; undefined where the check has no details. */
export function builtinOf(draft: CheckDraft): BuiltinCheck | undefined {
  const details = draft.method === 'external' ? draft.external : isBuiltin(draft.method) ? draft.builtin : undefined;
  return details === undefined || Object.keys(details).length === 0 ? undefined : details;
}

function isBuiltin(type: CheckSpec['type']): type is BuiltinType {
  return !['tcp', 'http', 'script', 'role'].includes(type);
}

function choose(line: Line, section: ProxySection, type: BuiltinType, details?: BuiltinCheck): void {
  chooseMethod(line, section, type);
  section.check.builtin = details;
}

/** A check without any words. */
function plain(type: BuiltinType): HealthOption {
  return healthOption((line, section) => {
    if (line.noMore(2)) choose(line, section, type);
  });
}

/** `[user NAME [post-41|pre-41]]`. */
function readMysqlCheck(line: Line, section: ProxySection): void {
  if (!line.has(2)) {
    choose(line, section, 'mysql-handshake');
    return;
  }
  if (!hasUser(line)) return;
  const age = line.has(4) ? line.choice(4, 'an age of the protocol', ['post-41', 'pre-41']) : 'post-41';
  if (!age || !line.noMore(5)) return;
  choose(line, section, 'mysql-handshake', { user: line.text(3), ...(age === 'pre-41' ? { pre41: true } : {}) });
}

/** `user NAME`, which must be there. */
function readPgsqlCheck(line: Line, section: ProxySection): void {
  if (!hasUser(line) || !line.noMore(4)) return;
  choose(line, section, 'pgsql-startup', { user: line.text(3) });
}

function hasUser(line: Line): boolean {
  const [, name, word] = line.texts;
  if (word === 'user' && line.has(3)) return true;
  const message = word === 'user' || !word ? `'option ${name}' needs the name of a user` : `unexpected '${word}'`;
  line.error('bad-user', line.has(2) ? 2 : 1, message, `write 'option ${name} user NAME'`);
  return false;
}

/** `[HELO|EHLO DOMAIN]`; any other greeting, or one without a domain, is `HELO localhost`. */
function readSmtpchk(line: Line, section: ProxySection): void {
  if (!line.noMore(4)) return;
  const hello = line.text(2);
  const isWhole = (hello === 'EHLO' || hello === 'HELO') && line.has(3);
  if (line.has(2) && !isWhole)
    line.warning(
      'ignored-argument',
      2,
      `'${line.texts.slice(2).join(' ')}' is read as 'HELO localhost'`,
      "write 'option smtpchk EHLO DOMAIN', or no more than 'option smtpchk'",
    );
  const isDefault = !isWhole || (hello === 'HELO' && line.text(3) === 'localhost');
  choose(line, section, 'smtp', isDefault ? undefined : { hello: hello as 'HELO' | 'EHLO', domain: line.text(3) });
}

/** `external-check command PROGRAM` and `external-check path DIRECTORIES`. */
export const EXTERNAL_KEYWORDS: ProxyKeywords = {
  'external-check': { in: 'db', read: readExternalCheck },
};

function readExternalCheck(line: Line, section: ProxySection): void {
  const field = line.choice(1, 'an external-check setting', ['command', 'path'] as const);
  if (!field || !line.need(2, field === 'command' ? 'a program' : 'directories') || !line.noMore(3)) return;
  const draft = section.check;
  draft.externalLines.push(line);
  draft.external = { ...draft.external, [field]: line.text(2) };
}
