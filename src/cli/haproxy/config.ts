/** Configuration for HAProxy's command line: options of the command line over those of the files, complaints in its form. */
import type { Diagnostic, Diagnostics } from '../../config/diagnostics.js';
import { loadConfig } from '../../config/load.js';
import type { Model } from '../../config/model.js';
import type { ProcessLog } from '../../daemon/process-log.js';
import type { Loaded } from '../../daemon/supervisor.js';
import type { HaproxyArgs } from './args.js';

/** Reads the files as the command line asks. An empty configuration is not an error here: HAProxy exits otherwise. */
export function load(args: HaproxyArgs): Loaded {
  const env: { [name: string]: string | undefined } = { ...process.env, HAPROXY_CFGFILES: args.files.join(';') };
  if (args.localPeer !== undefined) env.HAPROXY_LOCALPEER = args.localPeer;
  if (args.masterWorker) env.HAPROXY_MWORKER = '1';
  const { model, diagnostics } = loadConfig(args.files, { env });
  override(model, args);
  return { model, diagnostics };
}

function override(model: Model, args: HaproxyArgs): void {
  const { global } = model;
  if (args.maxconn !== undefined) global.maxconn = args.maxconn;
  if (args.localPeer !== undefined) global.localpeer = args.localPeer;
  if (args.noSplice) global.noSplice = true;
  if (args.noReuseport) global.noReuseport = true;
  if (args.proxyMaxconn !== undefined)
    for (const proxy of model.proxies) if (proxy.kind !== 'backend') proxy.maxconn ??= args.proxyMaxconn;
}

/** Errors that stop the start; that nothing is configured has its own exit code. */
export function errorsOf(diagnostics: Diagnostics): Diagnostic[] {
  return diagnostics.list.filter((d) => d.severity === 'error' && d.code !== 'no-proxies');
}

export function hasWarnings(diagnostics: Diagnostics): boolean {
  return diagnostics.list.some((d) => d.severity === 'warning');
}

/** `[ALERT]    (pid) : config : parsing [file:line] : text` and the two closing lines. */
export function complain(diagnostics: Diagnostics, log: ProcessLog): void {
  for (const d of diagnostics.sorted) if (d.code !== 'no-proxies') log.say(tagOf(d), lineOf(d));
  const errors = errorsOf(diagnostics);
  for (const file of new Set(errors.flatMap((d) => d.loc?.file ?? [])))
    log.alert(`config : Error(s) found in configuration file : ${file}`);
  if (errors.length > 0) log.alert('config : Fatal errors found in configuration.');
}

function tagOf(d: Diagnostic): 'ALERT' | 'WARNING' | 'NOTICE' {
  return d.severity === 'error' ? 'ALERT' : d.severity === 'warning' ? 'WARNING' : 'NOTICE';
}

function lineOf(d: Diagnostic): string {
  const text = d.remedy ? `${d.message}; ${d.remedy}` : d.message;
  return d.loc ? `config : parsing [${d.loc.file}:${d.loc.line}] : ${text}` : `config : ${text}`;
}
