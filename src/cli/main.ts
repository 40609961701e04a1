/**
 * The program: `fairlead SUBCOMMAND …`, or the command line of HAProxy or keepalived when called by that name.
 * Each subcommand lives in its own file and registers itself here; this file decides nothing but which one runs.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Command } from 'commander';

/** Each subcommand's file is loaded when it is asked for: `check` need not load the data plane. */
const SUBCOMMANDS: { readonly [name: string]: () => Promise<{ register(program: Command): void }> } = {
  run: () => import('./run.js'),
  check: () => import('./check.js'),
  import: () => import('./import.js'),
  schema: () => import('./schema.js'),
  reload: () => import('./reload.js'),
  status: () => import('./status.js'),
  explain: () => import('./explain.js'),
  events: () => import('./events.js'),
  vip: () => import('./vip.js'),
  recheck: () => import('./recheck.js'),
  demo: () => import('./demo.js'),
};

/** The version in package.json, which stands two directories above `dist/src`. */
function packageVersion(): string {
  const file = new URL('../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/** Words after `haproxy` (or `keepalived`) when this is to be that program, by symlink name or first argument; else undefined. */
function argumentsAs(name: 'haproxy' | 'keepalived', argv: readonly string[]): string[] | undefined {
  if (basename(argv[1] ?? '') === name) return argv.slice(2);
  return argv[2] === name ? argv.slice(3) : undefined;
}

/** The one that is named, or all, for the help that lists them. */
function wantedSubcommands(name: string | undefined) {
  const isKnown = name !== undefined && Object.hasOwn(SUBCOMMANDS, name);
  return isKnown ? [SUBCOMMANDS[name]] : Object.values(SUBCOMMANDS);
}

async function buildProgram(): Promise<Command> {
  const program = new Command('fairlead')
    .description('One always-right address in front of a clustered database or service.')
    .version(`fairlead ${packageVersion()}`, '-v, --version');
  for (const load of wantedSubcommands(process.argv[2])) (await load()).register(program);
  program
    .command('haproxy [args...]')
    .description("take HAProxy's own command line, as does a symlink to fairlead named haproxy")
    .allowUnknownOption();
  program
    .command('keepalived [args...]')
    .description("take keepalived's own command line, as does a symlink to fairlead named keepalived")
    .allowUnknownOption();
  program
    .command('version')
    .description('print the version')
    .action(() => console.log(`fairlead ${packageVersion()}`));
  return program;
}

const haproxyArgs = argumentsAs('haproxy', process.argv);
const keepalivedArgs = argumentsAs('keepalived', process.argv);
if (haproxyArgs) process.exitCode = await (await import('./haproxy.js')).haproxyMain(haproxyArgs);
else if (keepalivedArgs) process.exitCode = await (await import('./keepalived.js')).keepalivedMain(keepalivedArgs);
else await (await buildProgram()).parseAsync();
