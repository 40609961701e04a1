/** `npm run lab -- SCENARIO`: several hosts on one machine, real databases, and things that break. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { serveChecks } from './galera/check-service.js';
import { type GaleraOptions, runGalera } from './galera/command.js';
import { runWriter } from './galera/writer.js';
import { runSyslogSink } from './support/syslog-sink.js';

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('write a number');
  return value;
}

const program = new Command('lab').description('Several hosts on one machine, real databases, and things that break.');

program
  .command('galera')
  .description(
    'three MariaDB Galera nodes behind one address; a writer; nodes killed, cut off, desynced and brought back',
  )
  .addOption(new Option('--proxy <name>', 'program in front').choices(['fairlead', 'haproxy']).default('fairlead'))
  .option('--quick', 'shorter waits, without the full state transfer', false)
  .option('--json', 'print one JSON object', false)
  .option('--keep', 'leave logs and data behind', false)
  .option('--suspect-seconds <n>', "Galera's evs.suspect_timeout", number, 1)
  .action(async (options: GaleraOptions) => {
    process.exitCode = await runGalera(options);
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
  .command('galera-writer', { hidden: true })
  .requiredOption('--host <address>')
  .requiredOption('--port <n>', '', number)
  .requiredOption('--user <name>')
  .requiredOption('--password <word>')
  .action(runWriter);

program.command('syslog-sink', { hidden: true }).action(runSyslogSink);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`lab: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
