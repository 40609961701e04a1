/** `npm run bench -- NAME`: one program per claim about cost, next to the programs Fairlead replaces. Loopback only. */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Program } from '../lab/vip/programs.js';
import { benchRoleChecks } from './checks.js';
import { benchChecks } from './checks1000.js';
import { benchIdle } from './idle.js';
import { benchL4 } from './l4.js';
import { benchL7 } from './l7.js';
import { benchReload } from './reload.js';
import { benchSoak } from './soak.js';
import { runBulkClient } from './support/bulk-client.js';
import { CONTESTANTS, type Contestant } from './support/contestants.js';
import { runIdleClient, runIdleServer } from './support/idle-client.js';
import { runRateClient } from './support/rate-client.js';
import { runReplayServer } from './support/replay-server.js';
import { runSleeper } from './support/standstill.js';
import { VRRP_PROGRAMS } from './support/vrrp-hosts.js';
import { benchVrrp } from './vrrp.js';

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

function vrrpPrograms(text: string): Program[] {
  const names = text.split(',');
  const unknown = names.find((name) => !VRRP_PROGRAMS.some((known) => known === name));
  if (unknown !== undefined) throw new InvalidArgumentError(`'${unknown}': write some of ${VRRP_PROGRAMS.join(',')}`);
  return names as Program[];
}

const program = new Command('bench').description('One program per claim about cost, side by side in one run.');

function proxies(names: readonly Contestant[]): Option {
  return new Option('--proxies <names>', 'which to compare').argParser(contestants).default([...names]);
}

function connections(count: number): Option {
  return new Option('--connections <n>', 'how many').argParser(number).default(count);
}

function bench(name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option('--quick', 'fewer and shorter rounds', false)
    .option('--json', 'print one JSON object', false);
}

bench('l4', 'CPU per request, per connection and per GB, p99 latency')
  .addOption(proxies(CONTESTANTS))
  .action(async (options) => {
    process.exitCode = await benchL4(options);
  });

bench('l7', 'the same in mode http with ten ACLs; idle keep-alive connections; the statistics of 1,000 servers')
  .addOption(proxies(['fairlead', 'haproxy']))
  .action(async (options) => {
    process.exitCode = await benchL7(options);
  });

bench('idle', 'resident memory of connections at rest')
  .addOption(proxies(['fairlead', 'haproxy']))
  .addOption(connections(9000))
  .action(async (options) => {
    process.exitCode = await benchIdle(options);
  });

bench('checks1000', 'CPU of checking 1,000 servers every second')
  .addOption(proxies(['fairlead', 'haproxy']))
  .action(async (options) => {
    process.exitCode = await benchChecks(options);
  });

bench('checks', 'CPU of a built-in database check beside a check script, and of 1,000 of them every 200 ms').action(
  async (options) => {
    process.exitCode = await benchRoleChecks(options);
  },
);

bench('soak', 'resident memory over two million connections (minutes)')
  .addOption(proxies(['fairlead']))
  .addOption(connections(2_000_000))
  .action(async (options) => {
    process.exitCode = await benchSoak(options);
  });

bench('reload', 'connections that fail while the configuration is reloaded')
  .addOption(proxies(['fairlead', 'haproxy']))
  .action(async (options) => {
    process.exitCode = await benchReload(options);
  });

bench('vrrp', 'CPU of 100 virtual routers; the worst delay of an advertisement while every core is busy')
  .addOption(new Option('--programs <names>', 'which to compare').argParser(vrrpPrograms).default([...VRRP_PROGRAMS]))
  .addOption(new Option('--minutes <n>', 'how long the cores are busy').argParser(number).default(10))
  .action(async (options) => {
    process.exitCode = await benchVrrp(options);
  });

// What the benchmarks start as processes of their own, so that no figure is theirs.
program
  .command('bulk-client', { hidden: true })
  .requiredOption('--port <n>', '', number)
  .requiredOption('--connections <n>', '', number)
  .action(runBulkClient);

program
  .command('idle-client', { hidden: true })
  .requiredOption('--port <n>', '', number)
  .requiredOption('--connections <n>', '', number)
  .option('--http', '')
  .action(runIdleClient);

program.command('idle-server', { hidden: true }).requiredOption('--port <n>', '', number).action(runIdleServer);

program
  .command('replay', { hidden: true })
  .requiredOption('--port <n>', '', number)
  .requiredOption('--target <n>', '', number)
  .action(runReplayServer);

program
  .command('rate-client', { hidden: true })
  .requiredOption('--port <n>', '', number)
  .requiredOption('--per-second <n>', '', number)
  .requiredOption('--seconds <n>', '', number)
  .action(runRateClient);

program.command('sleeper', { hidden: true }).requiredOption('--seconds <n>', '', number).action(runSleeper);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
