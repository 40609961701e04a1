/**
 * `/etc/psqlchk/config.json` of pgsqlchk: one endpoint for each entry of `webservers`. The password stays in that file,
 * where it is read when it is needed.
 */
import { resolve } from 'node:path';
import { z } from 'zod';
import type { Diagnostics, Loc } from '../diagnostics.js';
import type { Source } from '../haproxy/read.js';
import type { AgentEndpoint, Secret } from '../model.js';
import { count, list, Place, strict, text } from '../yaml/codec.js';
import { fitToSchema } from '../yaml/issues.js';
import { isObject, type Plain, YamlSource } from '../yaml/source.js';

const PASSWORD_KEY = 'health_check_user_password';
const port = count(1, 65535);

const webserver = strict('a webserver', { target_port: port.schema, listen_port: port.schema });
const settings = strict('a pgsqlchk configuration', {
  database_host: text.schema,
  [PASSWORD_KEY]: z.string({ error: 'a text is needed; put it in quotes' }),
  webserver_host: text.schema,
  webservers: list({ schema: webserver, read: () => undefined, write: () => null }).schema,
});

/** Never throws: what is wrong is in `diag`. */
export function readPgsqlchk({ file, text: json }: Source, diag: Diagnostics): AgentEndpoint[] {
  const before = diag.list.length;
  const source = new YamlSource(file, json, diag);
  if (diag.list.length === before) complainSyntax(file, json, diag);
  diag.hide(source.locate([PASSWORD_KEY]));
  const data = source.data === null ? undefined : fitToSchema(source, settings);
  if (!isObject(data)) return [];
  const place = new Place(source, []);
  const servers = Array.isArray(data.webservers) ? data.webservers : [];
  const found = servers.flatMap((entry, i) => endpointOf(entry, data, place, i) ?? []);
  if (Array.isArray(data.webservers) && servers.length === 0)
    place
      .child('webservers')
      .error(
        'no-webservers',
        "'webservers' is empty: nothing is served",
        'add { "target_port": 5432, "listen_port": 25432 }',
      );
  if (found.length > 0) warnLoopback(data.webserver_host, found, place);
  return found;
}

/** What JSON has not, though YAML has; strings are blanked out before. */
const NO_JSON: readonly [RegExp, string][] = [
  [/,(?=\s*[\]}])/, 'a comma behind the last value'],
  [/#|\/\/|\/\*/, 'a comment'],
  [/'/, 'single quotes'],
  [/[A-Za-z_][\w-]*/, 'a word without quotes'],
];

/** Read as YAML, for the places; pgsqlchk itself would not start on what is no JSON. */
function complainSyntax(file: string, json: string, diag: Diagnostics): void {
  if (isJson(json)) return;
  const code = json
    .replace(/"(?:[^"\\\n]|\\.)*"/g, (text) => ' '.repeat(text.length))
    .replace(/\b(true|false|null|\d+[eE][+-]?\d+)\b/g, (text) => '0'.repeat(text.length));
  const found = NO_JSON.map(([pattern, what]) => ({ at: code.search(pattern), what })).filter(({ at }) => at >= 0);
  const first = found.sort((a, b) => a.at - b.at)[0] ?? { at: 0, what: 'something that is no JSON' };
  diag.error('json-syntax', locOf(file, json, first.at), `JSON does not allow ${first.what}`, 'write it as JSON');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false; // its own message quotes the text, and with it the password
  }
}

function locOf(file: string, text: string, offset: number): Loc {
  const before = text.slice(0, offset).split('\n');
  return { file, line: before.length, col: (before.at(-1) ?? '').length + 1, len: 1 };
}

function endpointOf(entry: Plain, data: { [key: string]: Plain }, place: Place, i: number): AgentEndpoint | undefined {
  if (!isObject(entry)) return undefined;
  const at = place.child('webservers').child(i);
  const { webserver_host: host, database_host: database } = data;
  if (typeof host !== 'string' || typeof database !== 'string') return undefined;
  const passwordAt = place.child(PASSWORD_KEY).loc;
  return {
    name: `pgsqlchk-${entry.listen_port}`,
    kind: 'pgsqlchk',
    address: addressOf(host, Number(entry.listen_port)),
    target: { host: database, port: Number(entry.target_port) },
    check: {
      kind: 'postgres',
      password: passwordOf(place.source.file, data[PASSWORD_KEY]),
      loc: at.loc,
      at: { password: passwordAt },
    },
    loc: at.loc,
    at: { address: at.child('listen_port').loc, target: at.child('target_port').loc },
  };
}

/** Standard input cannot be read again. */
function passwordOf(file: string, text: Plain): Secret {
  if (file === '<stdin>') return { from: 'text', text: String(text ?? '') };
  return { from: 'file', path: resolve(file), key: PASSWORD_KEY };
}

function addressOf(host: string, port: number): AgentEndpoint['address'] {
  const isAll = host === '' || host === '*' || host === '0.0.0.0';
  const family = isAll ? 4 : host.includes(':') ? 6 : 0;
  return { kind: 'inet', family, host: isAll ? '*' : host, port };
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/;

/** As the package comes, HAProxy on the other nodes asks a port that only this host can reach. */
function warnLoopback(host: Plain, found: readonly AgentEndpoint[], place: Place): void {
  if (typeof host !== 'string' || !LOOPBACK.test(host)) return;
  const ports = found.map(({ address }) => address.port).join(', ');
  place
    .child('webserver_host')
    .warning(
      'agent-on-loopback',
      `'${host}' is reached from this host alone: load balancers on other hosts find port ${ports} closed`,
      "write this host's address, or '0.0.0.0' for all",
    );
}
