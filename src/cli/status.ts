/** `fairlead status [--watch] [--json] [-s SOCKET]`: the state of every proxy and server, from a running daemon. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { askSocket, chooseSocket, parseStat, type StatRecord } from '../control/stats-client.js';
import { statusTable } from '../control/status-table.js';
import { vipSummary } from '../control/vips/picture.js';
import type { AgentFigures } from '../core/agent-figures.js';
import type { VipStatus } from '../core/vrrp/messages.js';
import { painter } from './paint-story.js';

interface Options {
  watch?: boolean;
  json?: boolean;
  socket?: string;
}

const ANSWER_TIMEOUT_MS = 10_000;
const WATCH_INTERVAL_MS = 1000;

export function register(program: Command): void {
  program
    .command('status')
    .description('show every proxy, server and virtual address: state, weight, sessions, rates, checks')
    .option('-w, --watch', 'redraw each second')
    .option('--json', 'print the figures as JSON, one document (with --watch one per line)')
    .option('-s, --socket <socket>', 'control socket: a path or HOST:PORT (default: the running daemon)')
    .action(status);
}

async function status(options: Options): Promise<void> {
  try {
    const socket = await chooseSocket(options.socket);
    if (options.watch) await watch(socket, options);
    else process.stdout.write(await picture(socket, options));
  } catch (error) {
    console.error(`fairlead status: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}

async function picture(socket: string, { json, watch }: Options): Promise<string> {
  const rows = parseStat(await askSocket(socket, 'show stat', ANSWER_TIMEOUT_MS));
  if (!json) return await table(rows, socket);
  const present = rows.map((row) => Object.fromEntries(Object.entries(row).filter(isPresent).map(withType)));
  return `${JSON.stringify(present, null, watch ? 0 : 2)}\n`;
}

async function table(rows: readonly StatRecord[], socket: string): Promise<string> {
  const others = [await vipLines(socket), await agentLines(socket)].filter((text) => text !== '');
  if (rows.length === 0 && others.length > 0) return others.join('\n');
  return [statusTable(rows, await optionsOf(socket)), ...others].join('\n');
}

/** The virtual addresses, where there are any; a daemon of before, and HAProxy, answer something else. */
async function vipLines(socket: string): Promise<string> {
  const text = await askSocket(socket, 'show vips json', ANSWER_TIMEOUT_MS);
  return text.startsWith('{') ? vipSummary(JSON.parse(text) as VipStatus, painter()) : '';
}

async function optionsOf(socket: string): Promise<{ colour: boolean; chosen: Set<string> }> {
  const chosen = await askSocket(socket, 'show chosen', ANSWER_TIMEOUT_MS);
  return { colour: hasColours(), chosen: new Set(chosen.split('\n')) };
}

/** The check endpoints, where there are any. */
async function agentLines(socket: string): Promise<string> {
  const text = await askSocket(socket, 'show agents json', ANSWER_TIMEOUT_MS);
  const agents = text.startsWith('[') ? (JSON.parse(text) as AgentFigures[]) : [];
  if (agents.length === 0) return '';
  const width = Math.max(...agents.map(({ name }) => name.length));
  const line = ({ name, kind, address, isOk, reason, ok, unavailable }: AgentFigures) =>
    `${name.padEnd(width)}  ${kind} on ${address}: ${isOk ? 200 : 503}, ${reason} (${ok + unavailable} polls)\n`;
  return `agents\n${agents.map(line).join('')}`;
}

function isPresent([name, value]: [string, string]): boolean {
  return name !== '-' && value !== '';
}

/** Figures as numbers; names stay text even where they look like figures. */
function withType([name, value]: [string, string]): [string, string | number] {
  const isName = name === 'pxname' || name === 'svname' || !/^-?\d+$/.test(value);
  return [name, isName ? value : Number(value)];
}

/** https://no-color.org: any value that is not empty switches colours off. */
function hasColours(): boolean {
  return process.stdout.isTTY === true && !process.env.NO_COLOR;
}

const HOME_AND_CLEAR = '\x1b[H\x1b[J';

/** Until it is interrupted, or the daemon is gone (which ends in an error that says so). */
async function watch(socket: string, options: Options): Promise<void> {
  const isScreen = process.stdout.isTTY === true && !options.json;
  for (;;) {
    const text = await picture(socket, options);
    const frame = isScreen ? `${HOME_AND_CLEAR}${text}` : `${text}${options.json ? '' : '\n'}`;
    process.stdout.write(frame);
    await sleep(WATCH_INTERVAL_MS);
  }
}
