/** Where a keepalived logs: syslog unless -G, the terminal with -l, a file with -g. */
import { appendFileSync } from 'node:fs';
import type { LogTarget } from '../../config/model.js';
import type { KeepalivedArgs } from './args.js';

const SYSLOG = '/dev/log';

/** Log targets for a configuration that names none. */
export function logsOf(args: KeepalivedArgs): LogTarget[] {
  if (args.has('no-syslog')) return [];
  return [{ target: { kind: 'unix', path: SYSLOG }, facility: facilityOf(args.get('log-facility')) }];
}

/** `0` to `7`, `local0` to `local7`, `user`, `daemon`; anything else is said, and daemon it is. */
function facilityOf(text = 'daemon'): LogTarget['facility'] {
  const [, digit, word] = /^(?:(?:local)?([0-7])|(user|daemon))$/.exec(text) ?? [];
  if (digit !== undefined) return `local${digit}` as LogTarget['facility'];
  if (word === undefined) process.stderr.write(`Invalid log facility '${text}'\n`);
  return (word ?? 'daemon') as LogTarget['facility'];
}

/**
 * Lines as keepalived has them: `Sat Nov 21 17:33:13 2026: text`.
 * @returns what takes a line of the process: the terminal, and with -g the file
 */
export function consoleWriter(args: KeepalivedArgs): (line: string) => void {
  const given = args.get('log-file');
  const path = given === undefined ? null : vrrpName(given);
  return (line) => {
    const text = `${moment(new Date())}: ${line.replace(/^\[\w+\] +\(\d+\) : /, '')}\n`;
    if (path === null || args.has('log-console')) process.stderr.write(text);
    if (path !== null) append(path, text);
  };
}

/** `_vrrp` stands before the last dot of the name: `/var/log/k.log` is `/var/log/k_vrrp.log`. */
function vrrpName(path: string): string {
  const [, directory, name, extension] = /^(.*\/)?(.*?)(\.[^.]*)?$/s.exec(path)!;
  return `${directory ?? ''}${name}_vrrp${extension ?? ''}`;
}

function append(path: string, text: string): void {
  try {
    appendFileSync(path, text);
  } catch (error) {
    process.stderr.write(`cannot write ${path}: ${(error as Error).message}\n`);
  }
}

function moment(d: Date): string {
  const [day, month, , year, time] = d.toString().split(' ');
  return `${day} ${month} ${String(d.getDate()).padStart(2)} ${time} ${year}`;
}
