/** `fairlead check -f FILE…`: everything that is wrong with a configuration, without running it. */
import { basename } from 'node:path';
import type { Command } from 'commander';
import type { Severity } from '../config/diagnostics.js';
import { type Loaded, loadConfig } from '../config/load.js';
import type { Proxy } from '../config/model.js';
import { paintDiagnostics } from './paint.js';

interface CheckOptions {
  file?: string[];
  json?: boolean;
  quiet?: boolean;
  instance?: string;
}

const EXAMPLES = `
Examples:
  $ fairlead check -f fairlead.yaml
  $ fairlead check -f /etc/haproxy/haproxy.cfg /etc/haproxy/conf.d
  $ fairlead check --json -f fairlead.yaml | jq '.diagnostics[].message'
  $ generate-config | fairlead check -f -

The exit code is 0 when the configuration can run (warnings do not count), and 1 when it cannot.`;

export function register(program: Command): void {
  program
    .command('check')
    .description('say everything that is wrong with a configuration, and what to write instead')
    .argument('[file...]', 'the same as -f')
    .option('-f, --file <file...>', "configuration files and directories, merged; '-' is standard input")
    .option('-i, --instance <name>', "which host the '@NAME' lines of keepalived.conf are for; this one by default")
    .option('--json', 'print one JSON object')
    .option('-q, --quiet', 'print only the summary')
    .addHelpText('after', EXAMPLES)
    .action((files: string[], options: CheckOptions, command: Command) => {
      const paths = [...(options.file ?? []), ...files];
      if (paths.length === 0) command.error("error: no file to check; write such as 'fairlead check -f fairlead.yaml'");
      check(paths, options);
    });
}

function check(paths: string[], options: CheckOptions): void {
  const loaded = loadConfig(paths, { instance: options.instance });
  if (options.json) console.log(JSON.stringify(report(loaded), null, 2));
  else printReport(loaded, paths, options.quiet === true);
  process.exitCode = loaded.diagnostics.hasErrors ? 1 : 0;
}

function printReport(loaded: Loaded, paths: string[], isQuiet: boolean): void {
  const text = isQuiet ? '' : paintDiagnostics(loaded.diagnostics, process.stdout);
  if (text !== '') console.log(text);
  console.log(summary(loaded, paths));
}

/** `fairlead.yaml: 3 services, 9 servers, 0 errors, 2 warnings` */
function summary(loaded: Loaded, paths: string[]): string {
  const { services, frontends, backends, agents, vips, servers, errors, warnings } = report(loaded);
  const what = loaded.files.length > 1 ? `${loaded.files.length} files` : basename(loaded.files[0] ?? paths[0]);
  const kinds = [
    plural(services, 'service'),
    plural(frontends, 'frontend'),
    plural(backends, 'backend'),
    plural(agents, 'agent'),
    plural(vips, 'virtual address', 'es'),
  ];
  const shown = kinds.filter((_, i) => [services, frontends, backends, agents, vips][i] > 0);
  const counts = [...shown, plural(servers, 'server'), plural(errors, 'error'), plural(warnings, 'warning')];
  return `${what}: ${counts.join(', ')}`;
}

function plural(count: number, noun: string, ending = 's'): string {
  return `${count} ${noun}${count === 1 ? '' : ending}`;
}

/** What `--json` prints; scripts rely on its keys. */
function report({ model, diagnostics, files }: Loaded) {
  const kind = (wanted: Proxy['kind']) => model.proxies.filter((proxy) => proxy.kind === wanted).length;
  const severity = (wanted: Severity) => diagnostics.list.filter((d) => d.severity === wanted).length;
  return {
    ok: !diagnostics.hasErrors,
    files,
    services: kind('listen'),
    frontends: kind('frontend'),
    backends: kind('backend'),
    agents: model.agents.length,
    vips: model.vips?.instances.length ?? 0,
    servers: model.proxies.reduce((sum, proxy) => sum + proxy.servers.length, 0),
    errors: severity('error'),
    warnings: severity('warning'),
    diagnostics: diagnostics.sorted,
  };
}
