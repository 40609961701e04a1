/**
 * The settings of clustercheck, wherever they are written. What wins, as in the script and what surrounds it: its
 * arguments, then `/etc/sysconfig/clustercheck` or `/etc/default/clustercheck`, then the environment.
 */
import { resolve } from 'node:path';
import type { Diagnostics, Loc } from '../diagnostics.js';
import type { AgentEndpoint, RoleCheck, Secret } from '../model.js';
import { didYouMean } from '../suggest.js';
import { readShellSettings } from './shell-settings.js';

/** The files the packages read. */
export const CLUSTERCHECK_FILES = ['/etc/sysconfig/clustercheck', '/etc/default/clustercheck'] as const;

/** Names in the order of the script's arguments, then those that no argument sets. */
const ARGUMENTS = [
  'MYSQL_USERNAME',
  'MYSQL_PASSWORD',
  'AVAILABLE_WHEN_DONOR',
  'ERR_FILE',
  'AVAILABLE_WHEN_READONLY',
  'DEFAULTS_EXTRA_FILE',
] as const;
const NAMES = [...ARGUMENTS, 'TIMEOUT', 'EXTRA_ARGS'] as const;
type Name = (typeof NAMES)[number];

/** A value, where it stands, and where its secret text may be fetched again. */
interface Value {
  readonly text: string;
  readonly loc?: Loc;
  readonly secret: Secret;
}

export type ClustercheckSettings = Map<Name, Value>;

function isName(name: string): name is Name {
  return (NAMES as readonly string[]).includes(name);
}

/** Words of a command line. */
export function fromArguments(words: readonly { text: string; loc: Loc }[], diag: Diagnostics): ClustercheckSettings {
  const settings: ClustercheckSettings = new Map();
  words.slice(0, ARGUMENTS.length).forEach(({ text, loc }, i) => {
    if (ARGUMENTS[i] === 'MYSQL_PASSWORD') diag.hide(loc);
    settings.set(ARGUMENTS[i], { text, loc, secret: { from: 'text', text } });
  });
  const [extra] = words.slice(ARGUMENTS.length);
  if (extra) {
    const message = `clustercheck takes ${ARGUMENTS.length} arguments, '${extra.text}' is one more`;
    diag.error('too-many-arguments', extra.loc, message, 'remove it');
  }
  return settings;
}

/** @param env of the process, or what a service file sets */
export function fromEnvironment(env: { readonly [name: string]: string | undefined }, loc?: Loc): ClustercheckSettings {
  const settings: ClustercheckSettings = new Map();
  for (const name of NAMES) {
    const text = env[name];
    if (text === undefined) continue;
    const secret: Secret = loc === undefined ? { from: 'env', name } : { from: 'text', text };
    settings.set(name, { text, loc, secret });
  }
  return settings;
}

/** A file of settings; a name that the script does not know is most often a slip. */
export function fromFile(path: string, text: string, diag: Diagnostics): ClustercheckSettings {
  const settings: ClustercheckSettings = new Map();
  for (const { name, value, loc } of readShellSettings(path, text, diag)) {
    if (isName(name)) settings.set(name, { text: value, loc, secret: secretOf(path, name, value) });
    else {
      const remedy = didYouMean(name, NAMES, `it knows ${NAMES.join(', ')}`);
      diag.warning('unknown-setting', loc, `clustercheck has no setting '${name}'`, remedy);
    }
  }
  return settings;
}

/** Standard input cannot be read again. */
function secretOf(path: string, key: string, text: string): Secret {
  return path === '<stdin>' ? { from: 'text', text } : { from: 'file', path: resolve(path), key };
}

/** @param layers the strongest last */
export function applySettings(agent: AgentEndpoint, layers: readonly ClustercheckSettings[], diag: Diagnostics): void {
  const settings: ClustercheckSettings = new Map(layers.flatMap((layer) => [...layer]));
  const check: RoleCheck = { ...agent.check, kind: 'galera', loc: agent.loc };
  agent.check = check;
  const value = (name: Name) => settings.get(name);
  if (value('MYSQL_USERNAME')) check.user = value('MYSQL_USERNAME')!.text;
  const password = value('MYSQL_PASSWORD');
  if (password) check.password = password.text === '' ? { from: 'text', text: '' } : password.secret;
  if (password?.loc) check.at = { ...check.at, password: password.loc };
  setFlag(settings, 'AVAILABLE_WHEN_DONOR', diag, (flag) => (check.acceptDonor = flag));
  setFlag(settings, 'AVAILABLE_WHEN_READONLY', diag, (flag) => (check.acceptReadOnly = flag));
  const extra = value('DEFAULTS_EXTRA_FILE')?.text;
  if (extra) agent.defaultsFile = extra;
  setTimeLimit(agent, value('TIMEOUT'), diag);
  readExtraArguments(agent, value('EXTRA_ARGS'), diag);
  const log = value('ERR_FILE');
  if (log && log.text !== '' && log.text !== '/dev/null')
    diag.notice(
      'no-effect',
      log.loc,
      `errors are not written to ${log.text}: the reason is in Fairlead's log and in the JSON answer`,
    );
}

/** As the shell compares: what is no number is 0, and a donor is available for 1 alone. */
function setFlag(settings: ClustercheckSettings, name: Name, diag: Diagnostics, set: (flag: boolean) => void): void {
  const found = settings.get(name);
  if (found === undefined || found.text === '') return;
  const isOn =
    name === 'AVAILABLE_WHEN_DONOR' ? found.text === '1' : /^\d+$/.test(found.text) && Number(found.text) !== 0;
  set(isOn);
  if (!['0', '1'].includes(found.text))
    diag.warning(
      'bad-value',
      found.loc,
      `${name} is '${found.text}', which the script takes for ${isOn ? 1 : 0}`,
      'write 0 or 1',
    );
}

/** Seconds that the script's client tries to connect. */
function setTimeLimit(agent: AgentEndpoint, found: Value | undefined, diag: Diagnostics): void {
  if (found === undefined || found.text === '') return;
  const seconds = Number(found.text);
  if (/^\d+$/.test(found.text) && seconds > 0) agent.timeoutMs = seconds * 1000;
  else diag.error('bad-value', found.loc, `TIMEOUT is '${found.text}'`, 'write seconds, such as 10');
}

/** Of the client's options, those that say where the server is. */
const CLIENT_OPTION = /^(?:--(host|port|socket|user)=(.+)|-(h|P|S|u)(.+))$/;
const SHORT: { readonly [letter: string]: string } = { h: 'host', P: 'port', S: 'socket', u: 'user' };

function readExtraArguments(agent: AgentEndpoint, found: Value | undefined, diag: Diagnostics): void {
  const words = found?.text.split(/\s+/).filter((word) => word !== '') ?? [];
  const target = { host: '', port: 0, socket: '' };
  for (const word of joined(words)) {
    const [, long, longValue, short, shortValue] = CLIENT_OPTION.exec(word) ?? [];
    const [name, value] = [long ?? SHORT[short], longValue ?? shortValue];
    if (name === 'host' || name === 'socket') target[name] = value;
    else if (name === 'port' && /^\d+$/.test(value)) target.port = Number(value);
    else if (name === 'user') agent.check!.user = value;
    else
      diag.warning(
        'no-effect',
        found?.loc,
        `'${word.split('=')[0]}' in EXTRA_ARGS has no effect`,
        'it knows --host, --port, --socket and --user',
      );
  }
  // To the client, `localhost` is the socket unless a port is asked for over TCP.
  if (target.socket !== '') agent.target = { host: target.socket, port: 0 };
  else if (target.host !== '') agent.target = { host: target.host, port: target.port || 3306 };
  else if (target.port !== 0) agent.target = { host: '127.0.0.1', port: target.port };
}

/** `-h db1` is `-hdb1`. */
function joined(words: readonly string[]): string[] {
  const isOpen = (word: string | undefined) => word !== undefined && /^-[hPSu]$/.test(word);
  return words.flatMap((word, i) =>
    isOpen(words[i - 1]) ? [] : isOpen(word) ? [`${word}${words[i + 1] ?? ''}`] : [word],
  );
}
