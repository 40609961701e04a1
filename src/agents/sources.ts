/** What each kind of endpoint asks, and the world it asks in: files, names, sessions, programs. */
import { lookup } from 'node:dns/promises';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { createSession } from '../checks/role/create-session.js';
import type { AgentEndpoint } from '../config/model.js';
import { runAs } from '../linux/accounts.js';
import type { Source } from './asker.js';
import { type Command, runCommand } from './command.js';
import { ControllerSource, DEFAULT_COMMAND } from './controllers.js';
import { DatabaseSource, type Surroundings } from './database.js';
import { questionMsOf } from './defaults.js';
import { undecided } from './finding.js';
import { ProgramSource } from './program.js';
import { Secrets } from './secrets.js';

/** getaddrinfo(3) has no time limit of its own. */
const LOOKUP_MS = 1000;

export const now = () => performance.now();

const surroundings: Surroundings = {
  files: { read, list },
  secrets: new Secrets(process.env),
  createSession,
  now,
  exists: existsSync,
  resolve,
};

/** @param onBroken the held session ended by itself */
export function createSource(endpoint: AgentEndpoint, onBroken: () => void): Source {
  const questionMs = questionMsOf(endpoint);
  if (endpoint.kind !== 'cmonhachk' && endpoint.kind !== 'program')
    return new DatabaseSource(endpoint, questionMs, surroundings, onBroken);
  const command = commandOf(endpoint);
  if (typeof command === 'string') return new Mute(command);
  if (endpoint.kind === 'program') return new ProgramSource(command, questionMs, now);
  return new ControllerSource(endpoint, command, questionMs, { run: runCommand, read, addresses, now });
}

/** Cannot be asked, and says why. */
class Mute implements Source {
  constructor(private readonly reason: string) {}

  find(done: Parameters<Source['find']>[0]): void {
    setImmediate(() => done(undecided(this.reason, now())));
  }

  close(): void {
    // holds nothing
  }
}

/** A small environment: nothing that was meant for us, least of all our passwords. */
function commandOf({ command, env, user, group }: AgentEndpoint): Command | string {
  const base = {
    PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: process.env.HOME ?? '/',
    LC_ALL: 'C',
  };
  const argv = command ?? DEFAULT_COMMAND;
  if (process.getuid?.() !== 0) return { argv, env: { ...base, ...env } };
  try {
    return { argv, env: { ...base, ...env }, ...runAs(user, group) };
  } catch (error) {
    return (error as Error).message;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // a file of settings that is not there, or not for us, sets nothing
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return []; // as above
  }
}

async function resolve(name: string): Promise<string[]> {
  if (isIP(name)) return [name];
  const late = new Promise<[]>((done) => setTimeout(done, LOOKUP_MS, []).unref());
  try {
    const found = await Promise.race([lookup(name, { all: true }), late]);
    return found.map(({ address }) => address);
  } catch {
    return []; // said by the caller, in its own words
  }
}

function addresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return [hostname(), ...all.filter(({ internal }) => !internal).map(({ address }) => address)];
}
