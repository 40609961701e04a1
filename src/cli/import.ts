/** `fairlead import FILE…`: the one fairlead.yaml that means the same as files in other languages. */
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { correct } from '../config/correct.js';
import { type Loaded, loadConfig } from '../config/load.js';
import { writeYaml } from '../config/yaml/write.js';
import { paintDiagnostics } from './paint.js';

const EXAMPLES = `
Examples:
  $ fairlead import /etc/haproxy/haproxy.cfg > fairlead.yaml
  $ fairlead import -o fairlead.yaml /etc/haproxy/haproxy.cfg /etc/haproxy/conf.d

The result means the same as the files. What is wrong with them, and what was corrected, goes to standard error.`;

export function register(program: Command): void {
  program
    .command('import')
    .description('print the fairlead.yaml that means the same as the files')
    .argument('<file...>', "configuration files and directories, merged; '-' is standard input")
    .option('-i, --instance <name>', "which host the '@NAME' lines of keepalived.conf are for; this one by default")
    .option('-o, --output <file>', 'write it there instead of printing it')
    .addHelpText('after', EXAMPLES)
    .action((files: string[], options: { output?: string; instance?: string }) =>
      importFiles(files, options.output, options.instance),
    );
}

function importFiles(paths: string[], output: string | undefined, instance: string | undefined): void {
  const loaded = loadConfig(paths, { needsSecrets: false, instance });
  if (!loaded.diagnostics.hasErrors) correct(loaded.model, loaded.diagnostics);
  const text = loaded.diagnostics.hasErrors ? undefined : yamlOf(loaded);
  const complaints = paintDiagnostics(loaded.diagnostics, process.stderr);
  if (complaints !== '') console.error(complaints);
  if (text === undefined) fail('nothing was imported: correct the errors above first');
  else if (output === undefined) process.stdout.write(text);
  else save(text, output);
}

function yamlOf({ model, files }: Loaded): string {
  return `# Means the same as ${files.map((file) => basename(file)).join(', ')} (fairlead import).\n\n${writeYaml(model)}`;
}

function save(text: string, output: string): void {
  try {
    writeFileSync(output, text);
  } catch (error) {
    fail(`cannot write ${output}: ${(error as Error).message}`);
  }
}

function fail(text: string): void {
  console.error(`fairlead import: ${text}`);
  process.exitCode = 1;
}
