/**
 * `keepalived -t`: exit codes as observed of keepalived 2.2.7, which are one more than its manual says. 0 good (also where
 * the file is not there, unless -e), 4 files are missing, 5 wrong, 6 programs are run and enable_script_security is not on.
 */
import { existsSync, writeFileSync } from 'node:fs';
import type { Diagnostic } from '../../config/diagnostics.js';
import type { Model, VipConfig } from '../../config/model.js';
import type { Loaded } from '../../daemon/supervisor.js';
import type { KeepalivedArgs } from './args.js';

const GOOD = 0;
const MISSING = 4;
const WRONG = 5;
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
  lines.push(...diagnostics.sorted.map(lineOf));
  if (lacksFiles(loaded, args)) return MISSING;
  if (diagnostics.hasErrors) return WRONG;
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
  const level = severity === 'error' ? '' : severity === 'warning' ? 'WARNING - ' : 'NOTICE - ';
  return `${where}${level}${message}${remedy === undefined ? '' : `; ${remedy}`}`;
}

/** Interfaces that instances name and this host does not have; a daemon would wait for them in FAULT. */
function absentInterfaces({ vips }: Model): string[] {
  return (vips?.instances ?? []).flatMap(({ name, interface: device, loc }) => {
    if (device === undefined || existsSync(`/sys/class/net/${device}`)) return [];
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
