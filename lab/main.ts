/** `npm run lab -- SCENARIO`: several hosts on one machine, real databases, and things that break. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { serveChecks } from './galera/check-service.js';
import { type GaleraOptions, runGalera } from './galera/command.js';
import { burn } from './no-false-down/burner.js';
import { runNoFalseDown } from './no-false-down/command.js';
import { servePostgresChecks } from './postgres/check-service.js';
import { runPostgres } from './postgres/command.js';
import type { ProxyName } from './support/proxy.js';
import type { LabOptions } from './support/scenario-run.js';
import { runWriter } from './support/writer.js';
import { serveBackend } from './vip/backend.js';
import { CONTESTANTS, runVip, type VipOptions } from './vip/command.js';
import { runProbe } from './vip/probe.js';

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('write a number');
  return value;
}

function proxies(text: string): ProxyName[] {
  const names = text.split(',');
  const unknown = names.find((name) => name !== 'fairlead' && name !== 'haproxy');
  if (unknown !== undefined) throw new InvalidArgumentError(`'${unknown}': write fairlead, haproxy, or both`);
  return names as ProxyName[];
}

function contestants(text: string): string[] {
  const known = CONTESTANTS.map(({ name }) => name);
  const names = text === 'all' ? known : text.split(',');
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new InvalidArgumentError(`'${unknown}': write all, or some of ${known.join(',')}`);
  return names;
}

const program = new Command('lab').description('Several hosts on one machine, real databases, and things that break.');

program
  .command('galera')
  .description('three MariaDB Galera nodes; nodes killed, cut off, frozen, desynced, drained and brought back')
  .addOption(
    new Option('--proxies <names>', 'what stands in front').argParser(proxies).default(['fairlead', 'haproxy']),
  )
  .addOption(
    new Option('--files <kind>', "Fairlead's file: the seed's, with a Galera check in a comment, or fairlead.yaml")
      .choices(['seed', 'role', 'yaml'])
      .default('role'),
  )
  .option('--interval <ms>', "of Fairlead's check", number, 200)
  .option('--quick', 'Fairlead alone, fewer faults, shorter waits', false)
  .option('--json', 'print one JSON object', false)
  .option('--keep', 'leave logs and data behind', false)
  .option('--suspect-seconds <n>', "Galera's evs.suspect_timeout", number, 1)
  .action(async (options: GaleraOptions) => {
    process.exitCode = await runGalera({ ...options, proxies: options.quick ? ['fairlead'] : options.proxies });
  });

program
  .command('postgres')
  .description('a PostgreSQL primary and its standby; the primary killed, cut off, frozen, and back as it was')
  .addOption(
    new Option('--proxies <names>', 'what stands in front').argParser(proxies).default(['fairlead', 'haproxy']),
  )
  .addOption(
    new Option('--files <kind>', "Fairlead's file: the seed's, with a role check in a comment, or fairlead.yaml")
      .choices(['seed', 'role', 'yaml'])
      .default('role'),
  )
  .option('--interval <ms>', "of Fairlead's check", number, 200)
  .option('--quick', 'Fairlead alone, fewer faults, shorter waits', false)
  .option('--json', 'print one JSON object', false)
  .option('--keep', 'leave logs and data behind', false)
  .action(async (options: LabOptions) => {
    process.exitCode = await runPostgres({ ...options, proxies: options.quick ? ['fairlead'] : options.proxies });
  });

program
  .command('no-false-down')
  .description('databases that are well, every core busy: no server may be marked down')
  .option('--minutes <n>', 'how long', number, 60)
  .option('--json', 'print one JSON object', false)
  .option('--keep', 'leave logs and data behind', false)
  .action(async (options) => {
    process.exitCode = await runNoFalseDown(options);
  });

program
  .command('vip')
  .description('two proxies with one address; killed, cut off, frozen, parted, handed over, and back')
  .addOption(
    new Option('--contestants <names>', 'what holds the address, one after the other')
      .argParser(contestants)
      .default(['keepalived', 'fairlead', 'fairlead-2cs']),
  )
  .option('--rounds <n>', 'of each fault at 20 ms; a fifth of it at 1 s', number, 10)
  .option('--quick', 'Fairlead at 20 ms alone, two rounds', false)
  .option('--json', 'print one JSON object', false)
  .option('--keep', 'leave logs behind', false)
  .action(async (options: VipOptions & { quick: boolean }) => {
    const quick = { contestants: ['fairlead-2cs'], rounds: 2 };
    process.exitCode = await runVip(options.quick ? { ...options, ...quick } : options);
  });

// What the lab starts inside its namespaces.
program
  .command('galera-check', { hidden: true })
  .requiredOption('--socket <path>')
  .requiredOption('--port <n>', '', number)
  .requiredOption('--local-socket <path>')
  .option('--available-when-donor', '', false)
  .option('--available-when-readonly', '', false)
  .action(serveChecks);

program
  .command('postgres-check', { hidden: true })
  .requiredOption('--port <n>', '', number)
  .requiredOption('--user <name>')
  .action(servePostgresChecks);

program.command('burn', { hidden: true }).requiredOption('--seconds <n>', '', number).action(burn);

program
  .command('vip-probe', { hidden: true })
  .requiredOption('--host <address>')
  .requiredOption('--port <n>', '', number)
  .action(runProbe);

program
  .command('vip-backend', { hidden: true })
  .requiredOption('--ports <n...>')
  .action(({ ports }: { ports: string[] }) => serveBackend({ ports: ports.map(Number) }));

program
  .command('writer', { hidden: true })
  .requiredOption('--database <kind>')
  .requiredOption('--table <name>')
  .requiredOption('--host <address>')
  .requiredOption('--port <n>', '', number)
  .requiredOption('--user <name>')
  .requiredOption('--password <word>')
  .action(runWriter);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`lab: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
