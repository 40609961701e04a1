/** `fairlead vip failover [NAME] [--hold 60s] [--wait] [-s SOCKET]`: another router takes the addresses. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { parseDuration } from '../../config/units.js';
import { askSocket } from '../../control/stats-client.js';
import { counted, span } from '../../core/events/words.js';
import type { VipInstanceStatus } from '../../core/vrrp/messages.js';
import { addSocketOption, asWord, type SocketOptions, socketOf } from '../socket-option.js';
import { requireVips } from './ask-vips.js';

interface Options extends SocketOptions {
  hold: number;
  wait?: boolean;
}

const ANSWER_TIMEOUT_MS = 10_000;
const POLL_MS = 50;
/** A successor needs its skew, less than an interval; several may come and go before one stays. */
const WAIT_LEAST_MS = 5000;
const WAIT_INTERVALS = 5;
const NOBODY = 3;

const EXAMPLES = `
Examples:
  $ fairlead vip failover --wait
  $ fairlead vip failover VI_1 --hold 30m

The exit code is 0 when the order was taken (with --wait: when another router has every address), 1 when it was refused
or nobody could be asked, and 3 when with --wait no other router took over in time.`;

export function registerFailover(vip: Command): void {
  const command = vip
    .command('failover')
    .description('hand the virtual addresses of this host over to another router')
    .argument('[name]', 'only this instance, or those of this sync group')
    .option('--hold <time>', 'do not take them back for so long, unless the other falls silent', durationMs, 60_000)
    .option('--wait', 'wait until another router is the owner, and say which');
  addSocketOption(command).addHelpText('after', EXAMPLES).action(failover);
}

function durationMs(text: string): number {
  const parsed = parseDuration(text);
  if (!parsed.ok || parsed.value.trailing !== undefined) throw new InvalidArgumentError('a time such as 30s or 10m.');
  return parsed.value.ms;
}

async function failover(name: string | undefined, options: Options): Promise<void> {
  try {
    const socket = await socketOf(options);
    const given = await order(socket, name, options.hold);
    if (options.wait) process.exitCode = await awaitOwners(socket, given);
    else for (const one of given) console.log(`${one.name}: handed over, not taken back for ${span(options.hold)}`);
  } catch (error) {
    console.error(`fairlead vip failover: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}

/** @returns those that are handed over, as they were before @throws Error with what the daemon refused it for */
async function order(socket: string, name: string | undefined, holdMs: number): Promise<VipInstanceStatus[]> {
  const { instances } = await requireVips(socket, name);
  const words = `failover vip${name === undefined ? '' : ` ${asWord(name)}`} hold ${holdMs}ms`;
  const answer = (await askSocket(socket, words, ANSWER_TIMEOUT_MS)).trim();
  const named = answer.split('\n').map((line) => instances.find((one) => one.name === line));
  const given = named.filter((one) => one !== undefined);
  // What is handed over is named line by line; anything else says why nothing is.
  if (given.length < named.length) throw new Error(answer || 'no answer');
  return given;
}

/** @returns the exit code */
async function awaitOwners(socket: string, given: readonly VipInstanceStatus[]): Promise<number> {
  const beganMs = performance.now();
  const limitMs = Math.max(WAIT_LEAST_MS, ...given.map((one) => WAIT_INTERVALS * one.advertIntervalMs));
  const waiting = new Set(given.map((one) => one.name));
  while (waiting.size > 0 && performance.now() - beganMs < limitMs) {
    const { instances } = await requireVips(socket);
    const passedMs = performance.now() - beganMs;
    for (const one of instances)
      if (waiting.has(one.name) && hasSuccessor(one)) {
        waiting.delete(one.name);
        const priority = one.ownerPriority === null ? '' : ` (priority ${one.ownerPriority})`;
        console.log(`${one.name}: ${one.owner}${priority} has it, seen ${span(passedMs)} after the order`);
      }
    if (waiting.size > 0) await sleep(POLL_MS);
  }
  if (waiting.size > 0) await sayNobody(socket, waiting, limitMs);
  return waiting.size > 0 ? NOBODY : 0;
}

function hasSuccessor({ state, owner, sourceIp }: VipInstanceStatus): boolean {
  return state !== 'MASTER' && owner !== null && owner !== sourceIp;
}

async function sayNobody(socket: string, waiting: ReadonlySet<string>, limitMs: number): Promise<void> {
  const { instances } = await requireVips(socket);
  for (const { name, state, problems } of instances.filter((one) => waiting.has(one.name))) {
    const why = problems.map(({ text }) => `; ${text}`).join('');
    console.error(`${name}: no other router took over within ${span(limitMs)}; it is ${state} here${why}`);
  }
  console.error(`${counted(waiting.size, 'router')} without a successor: does another host run, and hear us?`);
}
