/** `npm run bench -- NAME`: one program per claim about cost, next to the programs Fairlead replaces. Loopback only. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { benchL4 } from './l4.js';
import { runBulkClient } from './support/bulk-client.js';
import { CONTESTANTS, type Contestant } from './support/contestants.js';

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('write a number');
  return value;
}

function contestants(text: string): Contestant[] {
  const names = text.split(',');
  const unknown = names.find((name) => !CONTESTANTS.some((known) => known === name));
  if (unknown !== undefined) throw new InvalidArgumentError(`'${unknown}': write some of ${CONTESTANTS.join(',')}`);
  return names as Contestant[];
}

const program = new Command('bench').description('One program per claim about cost, side by side in one run.');

const proxies = new Option('--proxies <names>', 'which to compare').argParser(contestants).default([...CONTESTANTS]);

function bench(name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option('--quick', 'fewer and shorter rounds', false)
    .option('--json', 'print one JSON object', false);
}

bench('l4', 'CPU per request, per connection and per GB, p99 latency')
  .addOption(proxies)
  .action(async (options) => {
    process.exitCode = await benchL4(options);
  });

program
  .command('bulk-client', { hidden: true })
  .requiredOption('--port <n>', '', number)
  .requiredOption('--connections <n>', '', number)
  .action(runBulkClient);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
