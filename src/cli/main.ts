/**
 * The program: `fairlead SUBCOMMAND …`, or HAProxy's own command line when called `haproxy`.
 * Each subcommand lives in its own file and registers itself here; this file decides nothing but which one runs.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Command } from 'commander';

/** Shape of every subcommand's file. */
interface Subcommand {
  register(program: Command): void;
}

/** Shape of `haproxy.ts`: resolves to the exit code when the work is over. */
interface HaproxyCommand {
  haproxyMain(args: string[]): Promise<number>;
}

const SUBCOMMANDS = ['run', 'check', 'import', 'schema', 'reload', 'status', 'demo'];

/** The version in package.json, which stands two directories above `dist/src`. */
function packageVersion(): string {
  const file = new URL('../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

async function load<T>(name: string): Promise<T | undefined> {
  const file = new URL(`./${name}.js`, import.meta.url);
  return existsSync(file) ? ((await import(file.href)) as T) : undefined;
}

/** Words after `haproxy` when this is to be HAProxy (by symlink name or first argument), else undefined. */
function haproxyArguments(argv: readonly string[]): string[] | undefined {
  if (basename(argv[1] ?? '') === 'haproxy') return argv.slice(2);
  return argv[2] === 'haproxy' ? argv.slice(3) : undefined;
}

async function buildProgram(): Promise<Command> {
  const program = new Command('fairlead')
    .description('One always-right address in front of a clustered database or service.')
    .version(`fairlead ${packageVersion()}`, '-v, --version');
  for (const name of SUBCOMMANDS) (await load<Subcommand>(name))?.register(program);
  program
    .command('haproxy [args...]')
    .description("take HAProxy's own command line, as does a symlink to fairlead named haproxy")
    .allowUnknownOption();
  program
    .command('version')
    .description('print the version')
    .action(() => console.log(`fairlead ${packageVersion()}`));
  return program;
}

const haproxyArgs = haproxyArguments(process.argv);
if (haproxyArgs) process.exitCode = await (await load<HaproxyCommand>('haproxy'))?.haproxyMain(haproxyArgs);
else await (await buildProgram()).parseAsync();
