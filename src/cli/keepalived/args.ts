/** keepalived's own command line (keepalived(8)): words in, options out, as getopt_long(3) reads them. */

type Takes = 'nothing' | 'value' | 'perhaps';

/** Long name, letter or '', what it takes. */
const OPTIONS: readonly (readonly [long: string, letter: string, takes: Takes])[] = [
  ['use-file', 'f', 'value'],
  ['vrrp', 'P', 'nothing'],
  ['check', 'C', 'nothing'],
  ['no_bfd', 'B', 'nothing'],
  ['all', '', 'nothing'],
  ['log-console', 'l', 'nothing'],
  ['log-detail', 'D', 'nothing'],
  ['log-facility', 'S', 'value'],
  ['log-file', 'g', 'value'],
  ['flush-log-file', '', 'nothing'],
  ['no-syslog', 'G', 'nothing'],
  ['umask', 'u', 'value'],
  ['release-vips', 'X', 'nothing'],
  ['dont-release-vrrp', 'V', 'nothing'],
  ['dont-release-ipvs', 'I', 'nothing'],
  ['dont-respawn', 'R', 'nothing'],
  ['dont-fork', 'n', 'nothing'],
  ['dump-conf', 'd', 'nothing'],
  ['pid', 'p', 'value'],
  ['vrrp_pid', 'r', 'value'],
  ['genhash', 'T', 'nothing'],
  ['checkers_pid', 'c', 'value'],
  ['address-monitoring', 'a', 'nothing'],
  ['bfd_pid', 'b', 'value'],
  ['snmp', 'x', 'nothing'],
  ['snmp-agent-socket', 'A', 'value'],
  ['namespace', 's', 'value'],
  ['core-dump', 'm', 'nothing'],
  ['core-dump-pattern', 'M', 'perhaps'],
  ['all-config', 'e', 'nothing'],
  ['config-id', 'i', 'value'],
  ['signum', '', 'value'],
  ['config-test', 't', 'perhaps'],
  ['perf', '', 'perhaps'],
  ['debug', '', 'perhaps'],
  ['no-mem-check', '', 'nothing'],
  ['version', 'v', 'nothing'],
  ['help', 'h', 'nothing'],
];

/** By long name: the value, '' where there is none. Of options given twice the last one holds. */
export type KeepalivedArgs = ReadonlyMap<string, string>;

export type ParsedArgs =
  | { readonly ok: true; readonly args: KeepalivedArgs }
  | { readonly ok: false; readonly message: string };

/** Never throws. Words that are no options are passed over, as keepalived does. */
export function parseArgs(argv: readonly string[]): ParsedArgs {
  const args = new Map<string, string>();
  const words = [...argv];
  for (let word = words.shift(); word !== undefined && word !== '--'; word = words.shift()) {
    const problem = word.startsWith('--')
      ? takeLong(word.slice(2), words, args)
      : word.startsWith('-') && word !== '-'
        ? takeLetters(word.slice(1), words, args)
        : null;
    if (problem !== null) return { ok: false, message: problem };
  }
  return { ok: true, args };
}

/** `--name`, `--name=value`, `--name value`; a name may be cut as long as only one begins so. */
function takeLong(text: string, words: string[], args: Map<string, string>): string | null {
  const [, name, value] = /^([^=]*)(?:=(.*))?$/s.exec(text)!;
  const exact = OPTIONS.filter(([long]) => long === name);
  const found = exact.length > 0 ? exact : OPTIONS.filter(([long]) => long.startsWith(name));
  if (found.length !== 1) return `Unknown option --${name}`;
  const [long, , takes] = found[0];
  if (takes === 'nothing' && value !== undefined) return `Unknown option --${text}`;
  const given = value ?? (takes === 'value' ? words.shift() : '');
  if (given === undefined) return `Missing parameter for option --${long}`;
  args.set(long, given);
  return null;
}

/** `-nl`, `-fFILE`, `-f FILE`. */
function takeLetters(letters: string, words: string[], args: Map<string, string>): string | null {
  for (let i = 0; i < letters.length; i++) {
    const found = OPTIONS.find(([, letter]) => letter === letters[i]);
    if (found === undefined) return `Unknown option -${letters[i]}`;
    const [long, letter, takes] = found;
    const rest = letters.slice(i + 1);
    const given = takes === 'nothing' ? '' : takes === 'value' && rest === '' ? words.shift() : rest;
    if (given === undefined) return `Missing parameter for option -${letter}`;
    args.set(long, given);
    if (takes !== 'nothing') return null;
  }
  return null;
}
