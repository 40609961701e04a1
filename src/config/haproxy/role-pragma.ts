/**
 * `# fairlead: check KIND key=value …`: a check that knows the role of a database, asked for in a comment that HAProxy
 * passes over. It replaces whatever check the section has for HAProxy, on every server that has `check`.
 */
import type { Proxy, RoleCheck, Server } from '../model.js';
import {
  KIND_NAMES,
  LITERAL_PASSWORD,
  misfitOf,
  parseLag,
  parseRole,
  parseTls,
  ROLE_FIELDS,
  type RoleField,
  roleFieldOf,
  roleKindOf,
  secretOf,
} from '../role-fields.js';
import { didYouMean } from '../suggest.js';
import { type Parsed, parseDuration } from '../units.js';
import type { Line } from './line.js';
import { mark, type ProxySection, type RoleProbe } from './section.js';

/** `key=value`, or a key alone; place of the word in the line. */
interface Setting {
  readonly key: string;
  readonly value: string | undefined;
  readonly i: number;
}

type ProbeReader = (line: Line, setting: Setting, probe: RoleProbe, role: RoleCheck) => void;

/** What HAProxy writes on server lines. */
const PROBE: { readonly [key: string]: ProbeReader } = {
  interval: probeTime('interMs'),
  inter: probeTime('interMs'),
  timeout: (line, setting, _probe, role) => {
    role.timeoutMs = timeOf(line, setting);
  },
  rise: probeNumber('rise', 1),
  fall: probeNumber('fall', 1),
  port: probeNumber('checkPort', 1, 65535),
  address: readProbeAddress,
  addr: readProbeAddress,
};

const SECRET_KEYS: { readonly [key: string]: 'env' | 'file' } = { 'password-file': 'file', 'password-env': 'env' };

export function readCheckPragma(line: Line, section: ProxySection): void {
  if (!line.need(1, `a kind of check: ${KIND_NAMES.slice(0, 6).join(', ')}`)) return;
  const kind = roleKindOf(line.text(1));
  if (kind === undefined) {
    const remedy = didYouMean(line.text(1), KIND_NAMES, `write one of ${KIND_NAMES.slice(0, 6).join(', ')}`);
    line.error('unknown-check', 1, `unknown kind of check '${line.text(1)}'`, remedy);
    return;
  }
  if (section.check.method === 'role' && section.check.isRoleInherited === false)
    line.error('duplicate', 0, 'a second check is asked for in this section', 'remove one of them');
  const role: RoleCheck = { kind, loc: line.whole };
  const probe: RoleProbe = {};
  const seen = new Set<string>();
  for (let i = 2; line.has(i); i++) readSetting(line, settingAt(line, i), { role, probe, seen });
  Object.assign(section.check, { method: 'role', role, roleProbe: probe, isRoleInherited: false });
  mark(section, 'check', line);
}

interface Target {
  role: RoleCheck;
  probe: RoleProbe;
  seen: Set<string>;
}

function settingAt(line: Line, i: number): Setting {
  const text = line.text(i);
  const equals = text.indexOf('=');
  return equals < 0
    ? { key: text, value: undefined, i }
    : { key: text.slice(0, equals), value: text.slice(equals + 1), i };
}

function readSetting(line: Line, setting: Setting, { role, probe, seen }: Target): void {
  const key = setting.key.toLowerCase();
  const field = roleFieldOf(Object.hasOwn(SECRET_KEYS, key) ? 'password' : key);
  const name = field?.key ?? key;
  if (seen.has(name)) {
    line.error('duplicate', setting.i, `'${setting.key}' is written twice`, 'remove one of them');
    return;
  }
  seen.add(name);
  if (Object.hasOwn(PROBE, key)) PROBE[key](line, setting, probe, role);
  else if (Object.hasOwn(SECRET_KEYS, key)) readSecret(line, setting, SECRET_KEYS[key], role);
  else if (field !== undefined) readField(line, setting, field, role);
  else unknownKey(line, setting);
}

function unknownKey(line: Line, { key, i }: Setting): void {
  const known = [...ROLE_FIELDS.map((field) => field.key), ...Object.keys(PROBE), ...Object.keys(SECRET_KEYS)];
  const remedy = didYouMean(key, known, `write some of ${known.join(', ')}`);
  line.error('unknown-key', i, `unknown word '${key}' in a check`, remedy);
}

function readField(line: Line, setting: Setting, field: RoleField, role: RoleCheck): void {
  const misfit = misfitOf(field, role.kind);
  if (misfit !== undefined) {
    line.error('misfit-key', setting.i, misfit.message, misfit.remedy);
    return;
  }
  role.at = { ...role.at, [field.name]: line.loc(setting.i) };
  if (field.type === 'flag') readFlag(line, setting, field, role);
  else if (field.type === 'secret') readSecret(line, setting, 'text', role);
  else if (hasValue(line, setting)) Object.assign(role, valueOf(line, setting, field));
}

/** @returns the fields of the check that the setting gives, none after a complaint */
function valueOf(line: Line, { key, value = '', i }: Setting, field: RoleField): Partial<RoleCheck> {
  const one = <T>(parsed: Parsed<T>): T | undefined => line.parsed(i, parsed, 'bad-value');
  switch (field.type) {
    case 'role':
      return { want: one(parseRole(value)) };
    case 'tls':
      return { tls: one(parseTls(value)) };
    case 'lag':
      return one(parseLag(value)) ?? {};
    case 'words':
      return { command: value.split(/\s+/).filter((word) => word !== '') };
    case 'port':
      return { [field.name]: numberOf(line, { key, value, i }, 1, 65535) };
    default:
      return { [field.name]: value };
  }
}

function readFlag(line: Line, { key, value, i }: Setting, { name }: RoleField, role: RoleCheck): void {
  const word = (value ?? 'yes').toLowerCase();
  if (/^(yes|true|on|1)$/.test(word)) Object.assign(role, { [name]: true });
  else if (/^(no|false|off|0)$/.test(word)) Object.assign(role, { [name]: false });
  else line.error('bad-value', i, `'${value}' is neither yes nor no`, `write '${key}' alone, or '${key}=no'`);
}

function readSecret(line: Line, setting: Setting, from: 'env' | 'file' | 'text', role: RoleCheck): void {
  const { key, value = '', i } = setting;
  const field = roleFieldOf('password')!;
  const misfit = misfitOf(field, role.kind);
  if (misfit !== undefined) {
    line.error('misfit-key', i, misfit.message.replace("'password'", `'${key}'`), misfit.remedy);
    return;
  }
  if (!hasValue(line, setting)) return;
  role.password = secretOf(from, value);
  role.at = { ...role.at, password: line.loc(i) };
  if (from === 'text')
    line.diag.warning(
      LITERAL_PASSWORD.code,
      keyLoc(line, setting),
      LITERAL_PASSWORD.message,
      "write 'password-file=PATH' or 'password-env=NAME'",
    );
}

/** The key alone. */
function keyLoc(line: Line, { key, i }: Setting): ReturnType<Line['loc']> {
  return { ...line.loc(i), len: key.length };
}

function hasValue(line: Line, { key, value, i }: Setting): boolean {
  if (value !== undefined && value !== '') return true;
  line.error('missing-argument', i, `'${key}' needs a value`, `write '${key}=VALUE', without spaces around '='`);
  return false;
}

function probeTime(name: 'interMs'): ProbeReader {
  return (line, setting, probe) => {
    const ms = timeOf(line, setting);
    if (ms !== undefined) probe[name] = ms;
  };
}

/** Milliseconds; a bare number is refused, because nobody can tell what was meant by it. */
function timeOf(line: Line, setting: Setting): number | undefined {
  const { key, value = '', i } = setting;
  if (!hasValue(line, setting)) return undefined;
  const parsed = parseDuration(value);
  const ms = parsed.ok && parsed.value.trailing === undefined && !/^\d+$/.test(value) ? parsed.value.ms : 0;
  if (ms > 0) return ms;
  line.error('bad-time', i, `'${value}' is not a time`, `write an integer and its unit, such as '${key}=200ms'`);
  return undefined;
}

function probeNumber(name: 'rise' | 'fall' | 'checkPort', min: number, max?: number): ProbeReader {
  return (line, setting, probe) => {
    const value = numberOf(line, setting, min, max);
    if (value !== undefined) probe[name] = value;
  };
}

function numberOf(line: Line, setting: Setting, min: number, max = Number.MAX_SAFE_INTEGER): number | undefined {
  const { key, value = '', i } = setting;
  if (!hasValue(line, setting)) return undefined;
  const number = /^\d+$/.test(value) ? Number(value) : -1;
  if (number >= min && number <= max) return number;
  const range = max === Number.MAX_SAFE_INTEGER ? `at least ${min}` : `from ${min} to ${max}`;
  line.error('bad-number', i, `'${value}' does not fit '${key}'`, `write an integer ${range}`);
  return undefined;
}

function readProbeAddress(line: Line, setting: Setting, probe: RoleProbe): void {
  if (hasValue(line, setting)) probe.checkAddr = setting.value;
}

/**
 * Brings the section's servers into line with the pragma. What HAProxy's own check needs (the port of an agent, its
 * slow intervals) is not for ours, unless the pragma says nothing of it: then `inter` stays as written.
 */
export function applyRoleProbe(proxy: Proxy, probe: RoleProbe): void {
  for (const server of proxy.servers) if (server.check === true) applyTo(server, probe);
}

function applyTo(server: Server, probe: RoleProbe): void {
  delete server.checkPort;
  delete server.checkAddr;
  if (probe.interMs !== undefined) {
    delete server.fastinterMs;
    delete server.downinterMs;
  }
  Object.assign(server, probe);
}
