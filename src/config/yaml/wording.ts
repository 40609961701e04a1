/** What is said of a model in HAProxy's words, said in the words of fairlead.yaml to those who wrote that. */
import type { Diagnostic, Diagnostics } from '../diagnostics.js';

const PHRASES: readonly [RegExp, string][] = [
  [/\blisten '/g, "service '"],
  [/'timeout ([\w-]+) (\d+\w+)'/g, "'timeouts: { $1: $2 }'"],
  [/'timeout ([\w-]+)'/g, "'timeouts: $1'"],
  [/a 'bind' line, or write 'backend'/, "'bind: HOST:PORT', or move it to 'backends:'"],
  [/add a 'bind' line/, "add 'bind: HOST:PORT'"],
  [/no 'bind' line/, "no 'bind'"],
  [/'server NAME HOST:PORT'/, "'servers: { NAME: HOST:PORT }'"],
  [/'agent-port N'/, "'agent: { port: N }'"],
  [/'external-check' in the global section/, "'external-checks: true' in 'global:'"],
  [/'insecure-fork-wanted' in the global section/, "'insecure-fork-wanted: true' in 'global:'"],
  [/'external-check command PROGRAM'/, "'command: /path/program'"],
  [/'external-check path DIRECTORIES'/, "'search-path: DIRECTORIES'"],
  [/'port N'/, "'check: { port: N }'"],
  [/'inter'/g, "'interval'"],
  [/'inter /g, "'interval: "],
  [/'fastinter (\w+)'/, "'fast-interval: $1'"],
  [/'(fall|rise|slowstart|maxconn|ulimit-n|weight) (\w+)'/g, "'$1: $2'"],
  [/'(observe|mode|track) ([\w/]+)'/g, "'$1: $2'"],
  [/'add 'check'/, "add 'check: true'"],
  [/'option (tcplog|httplog)'/g, "'log-style: $1'"],
  [/no 'log' line/, "no 'log'"],
  [/'log global' or 'log ADDRESS FACILITY'/, "'log: ADDRESS FACILITY' here or in 'global:'"],
  [/'use_backend (\S+)'/g, "'use-backend: [ $1 ]'"],
  [/'default_backend (\S+)'/g, "'default-backend: $1'"],
  [/use_backend/g, 'use-backend'],
  [/default_backend/g, 'default-backend'],
  [/add 'backend (\S+)'/, "add '$1' to 'backends:'"],
  [/'nopreempt'/g, "'preempt: false'"],
  [/'preempt_delay'/g, "'preempt-delay'"],
  [/'(state|version|priority|weight) (-?\w+)'/g, "'$1: $2'"],
  [/'vmac_xmit_base'/g, "'vmac: { transmit-on-base: true }'"],
  [/'virtual_ipaddress \{ … \}'/, "'address: 10.0.0.100/24'"],
  [/'virtual_ipaddress_excluded'/, "'extra-address'"],
  [/'strict_mode off'/, "'strict: false'"],
  [/'higher_prio_send_advert'/, "'higher-priority-send-advert'"],
  [/'lower_prio_no_advert' off/, "'lower-priority-no-advert: false'"],
  [/remove the line/, 'remove it'],
];

/**
 * Rewords in place.
 * @param from first entry of the list that may be reworded: what readers said of HAProxy's own lines stays
 */
export function speakYaml(diag: Diagnostics, from: number, files: ReadonlySet<string>): void {
  for (let i = from; i < diag.list.length; i++) {
    const entry = diag.list[i];
    if (entry.loc && files.has(entry.loc.file)) diag.list[i] = reword(entry);
  }
}

function reword(entry: Diagnostic): Diagnostic {
  return { ...entry, message: phrase(entry.message), remedy: entry.remedy && phrase(entry.remedy) };
}

function phrase(text: string): string {
  return PHRASES.reduce((said, [haproxy, yaml]) => said.replace(haproxy, yaml), text);
}
