/** Where virtual addresses and proxies of one configuration meet: whose health a script asks about. */
import { basename } from 'node:path';
import type { Diagnostics } from './diagnostics.js';
import { splitCommand } from './keepalived/programs.js';
import type { Model } from './model.js';

/** The proxy that Fairlead is here. */
const PROXY = /^(haproxy|fairlead)$/;

/** Ends what the readers leave open until everything is read: scripts that ask whether the proxy runs mean this process. */
export function settleVips({ vips, proxies }: Model, diag: Diagnostics): void {
  if (vips === undefined || proxies.length === 0) return;
  for (const script of vips.scripts) {
    if (!asksForProxy(script.program.command)) continue;
    script.means = 'proxy';
    const message = `'${script.program.command.join(' ')}' is not run: Fairlead is the proxy here, and '${script.name}' is its own health`;
    diag.notice('means-proxy', script.program.loc ?? script.loc, message);
  }
}

/**
 * Whether a command asks if HAProxy runs: `killall -0 haproxy`, `pidof haproxy`, `pgrep -x haproxy`,
 * `systemctl is-active haproxy`, `kill -0 $(cat /run/haproxy.pid)`; also through a shell, or with its output thrown away.
 */
export function asksForProxy(command: readonly string[]): boolean {
  const words = plain(command);
  const [program, ...rest] = words;
  const names = rest.filter((word) => !word.startsWith('-'));
  const isOne = names.length === 1 && PROXY.test(names[0]);
  switch (basename(program ?? '')) {
    case 'killall':
    case 'killall5':
      return isOne && rest.some((word) => /^-(0|s0)$/.test(word));
    case 'pkill':
      return isOne && rest.includes('-0');
    case 'pidof':
    case 'pgrep':
      return isOne;
    case 'systemctl':
      return names[0] === 'is-active' && names.length === 2 && PROXY.test(names[1].replace(/\.service$/, ''));
    case 'service':
      return names.length === 2 && PROXY.test(names[0]) && names[1] === 'status';
    case 'kill':
      return rest[0] === '-0' && /^[$`(]+\s*cat\s+\S*haproxy\S*\.pid\s*[)`]$/.test(rest.slice(1).join(' '));
    default:
      return false;
  }
}

/** Without shell, environment and what becomes of the output. */
function plain(command: readonly string[]): string[] {
  const [program, ...rest] = command;
  const isShell = /^(ba|da|)sh$/.test(basename(program ?? '')) && /^-[a-z]*c$/.test(rest[0] ?? '') && rest.length === 2;
  const words = isShell ? splitCommand(rest[1]) : [...command];
  const end = words.findIndex((word) => /^(&?>|\d>)/.test(word));
  return end < 0 ? words : words.slice(0, end);
}
