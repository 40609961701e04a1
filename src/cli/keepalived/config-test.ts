/**
 * `keepalived -t`: exit codes as observed of keepalived 2.2.7, which are not those of its manual. 0 good (also where there
 * is nothing in the file, or no file unless -e), 4 no file with -e, 5 wrong, 6 an included file is missing with -e, or
 * programs are run and enable_script_security is not on.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Diagnostic } from '../../config/diagnostics.js';
import type { Model, VipConfig } from '../../config/model.js';
import type { Loaded } from '../../daemon/supervisor.js';
import type { KeepalivedArgs } from './args.js';

/** Said of a file with nothing in it: a daemon does not start with it. */
const NOTHING_TO_RUN = 'no-proxies';

const GOOD = 0;
const MISSING = 4;
const WRONG = 5;
/** Of an included file that is missing, too. */
const INSECURE = 6;

/** @param load reads the file; not called where it is missing */
export function testConfig(load: () => Loaded, file: string, args: KeepalivedArgs): number {
  const lines: string[] = [];
  const code = existsSync(file) ? judged(load(), args, lines) : missing(file, args, lines);
  const text = lines.map((line) => `${line}\n`).join('');
  const log = args.get('config-test') ?? '';
  if (log === '') process.stderr.write(text);
  else writeFileSync(log, text, { mode: 0o600 });
  return code;
}

function missing(file: string, args: KeepalivedArgs, lines: string[]): number {
  lines.push(`Config files missing '${file}'.`);
  return args.has('all-config') ? MISSING : GOOD;
}

/** With -e a file that is included and not there is no small matter. */
export function lacksFiles({ diagnostics }: Loaded, args: KeepalivedArgs): boolean {
  return args.has('all-config') && diagnostics.list.some(({ code }) => code === 'include-missing');
}

function judged(loaded: Loaded, args: KeepalivedArgs, lines: string[]): number {
  const { model, diagnostics } = loaded;
  // What is only worth knowing is in `fairlead check`: who asks with -t takes silence for good.
  const said = diagnostics.sorted.filter(({ code, severity }) => code !== NOTHING_TO_RUN && severity !== 'notice');
  lines.push(...said.map(lineOf));
  if (lacksFiles(loaded, args)) return INSECURE;
  if (said.some(({ severity }) => severity === 'error')) return WRONG;
  const absent = absentInterfaces(model);
  lines.push(...absent);
  if (absent.length > 0) return WRONG;
  if (model.vips === undefined || model.vips.settings.scriptSecurity === true || !runsPrograms(model.vips)) return GOOD;
  lines.push('SECURITY VIOLATION - scripts are being executed but script_security not enabled.');
  return INSECURE;
}

/** `(/etc/keepalived/keepalived.conf: Line 14) Unknown keyword 'virtual_router_idd'` */
function lineOf({ severity, message, remedy, loc }: Diagnostic): string {
  const where = loc === undefined ? '' : `(${loc.file}: Line ${loc.line}) `;
  const level = severity === 'error' ? '' : 'WARNING - ';
  return `${where}${level}${message}${remedy === undefined ? '' : `; ${remedy}`}`;
}

/** Interfaces that instances name and this host does not have; a daemon would wait for them in FAULT. */
function absentInterfaces({ vips }: Model): string[] {
  // Unlike /sys this is of our network namespace, whatever is mounted.
  const present = readFileSync('/proc/self/net/dev', 'utf8').matchAll(/^\s*(\S+):/gm);
  const names = new Set([...present].map(([, device]) => device));
  return (vips?.instances ?? []).flatMap(({ name, interface: device, loc }) => {
    if (device === undefined || names.has(device)) return [];
    const where = loc === undefined ? '' : `(${loc.file}: Line ${loc.line}) `;
    return [`${where}WARNING - interface ${device} for vrrp_instance ${name} doesn't exist`];
  });
}

/** A check that means the proxy itself runs nothing. */
function runsPrograms({ scripts, instances, groups, settings }: VipConfig): boolean {
  const notifies = [...instances, ...groups].some(({ notify }) => {
    const { any, priorityChanges: _flag, ...programs } = notify;
    return any.length > 0 || Object.values(programs).some((program) => program !== undefined);
  });
  const extra = [settings.startupScript, settings.shutdownScript].some((program) => program !== undefined);
  return notifies || extra || scripts.some(({ means }) => means === undefined);
}
