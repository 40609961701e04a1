/** `show sess`, `shutdown session`, `shutdown sessions server`. Lines are HAProxy 2.6's, with 0 for what we have not. */
import type { SessionInfo } from '../../core/messages.js';
import { type Command, type CommandContext, DONE, type Reply, refuse } from '../command.js';
import type { Engine } from '../engine.js';
import { findServer } from '../lookup.js';

type Arguments = readonly (string | undefined)[];

async function showSess(context: CommandContext, [which]: Arguments): Promise<Reply> {
  const sessions = await context.engine.sessions();
  if (which === 'all') return details(context, sessions);
  if (which === undefined || !/^0x[\da-f]+$/i.test(which)) return lines(sessions);
  const one = sessions.filter((session) => session.id === Number(which));
  return one.length > 0 ? details(context, one) : 'Session not found.\n';
}

function* lines(sessions: SessionInfo[]): Generator<string> {
  for (const session of sessions) yield line(session);
}

function pointer(session: SessionInfo): string {
  return `0x${session.id.toString(16)}`;
}

/** Transport of the client's side, from its address. */
function protocol({ source }: SessionInfo): string {
  if (source.startsWith('unix')) return 'unix_stream';
  return source.split(':').length > 2 ? 'tcpv6' : 'tcpv4';
}

/** `1m39s`, `10s`, '' for never: the two largest units. */
function briefTime(ms: number): string {
  if (ms < 0) return '';
  const seconds = Math.floor(ms / 1000);
  const units: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ];
  const first = units.findIndex(([n]) => n > 0);
  if (first < 0) return '0s';
  return units
    .slice(first, first + 2)
    .filter(([n]) => n > 0)
    .map(([n, unit]) => `${n}${unit}`)
    .join('');
}

/** State of an endpoint as HAProxy numbers it: 8 established, 6 connecting, 1 queued, 9 closing. */
const STATE: { readonly [state in SessionInfo['state']]: number } = {
  queued: 2,
  connecting: 5,
  established: 8,
  closing: 9,
};

function line(session: SessionInfo): string {
  const exp = briefTime(session.expiresMs);
  const names = `fe=${session.frontend} be=${session.backend ?? '<NONE>'} srv=${session.server ?? '<none>'}`;
  const age = `age=${briefTime(session.ageMs)} calls=0 rate=0 cpu=0 lat=0`;
  const rq = `rq[f=000000h,i=${session.pendingIn},an=00h,rx=${exp},wx=,ax=]`;
  const rp = `rp[f=000000h,i=${session.pendingOut},an=00h,rx=${exp},wx=,ax=]`;
  const ends = `scf=[8,0h,fd=${session.clientFd}] scb=[${STATE[session.state]},1h,fd=${session.serverFd}]`;
  const head = `${pointer(session)}: proto=${protocol(session)} src=${session.source}`;
  return `${head} ${names} ts=00 epoch=0 ${age} ${rq} ${rp} ${ends} exp=${exp} rc=${session.retriesLeft} c_exp=\n`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `21/Nov/2026:05:40:45.009`, local time. */
export function stamp(ms: number): string {
  const date = new Date(ms);
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${two(date.getDate())}/${MONTHS[date.getMonth()]}/${date.getFullYear()}`;
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day}:${clock}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

function* details({ engine, nowMs }: CommandContext, sessions: SessionInfo[]): Generator<string> {
  for (const session of sessions) yield detail(engine, session, nowMs);
}

function detail(engine: Engine, session: SessionInfo, nowMs: number): string {
  const exp = session.expiresMs < 0 ? '<NEVER>' : briefTime(session.expiresMs);
  const began = `[${stamp(nowMs - session.ageMs)}000]`;
  return [
    `${pointer(session)}: ${began} id=${session.id} proto=${protocol(session)} source=${session.source}`,
    `  flags=0x0, conn_retries=${session.retriesLeft}, conn_exp=<NEVER> conn_et=0x000 waiting=${session.state === 'queued' ? 1 : 0} epoch=0`,
    `  frontend=${session.frontend} (id=${proxyId(engine, session.frontend)} mode=tcp), listener=${session.listener} addr=${session.destination}`,
    `  backend=${session.backend ?? '<NONE>'} (id=${proxyId(engine, session.backend)} mode=${session.backend ? 'tcp' : '-'})`,
    `  server=${session.server ?? '<NONE>'} (id=${serverId(engine, session)})`,
    `  worker=${session.worker} state=${session.state} exp=${exp} age=${briefTime(session.ageMs)} idle=${briefTime(session.idleMs)}`,
    `  scf fd=${session.clientFd} scb fd=${session.serverFd}`,
    `  req=(pipe=0 i=${session.pendingIn} total=${session.bytesIn})`,
    `  res=(pipe=0 i=${session.pendingOut} total=${session.bytesOut})`,
    '',
  ].join('\n');
}

function proxyId(engine: Engine, name: string | null): number {
  return engine.model.proxies.find((proxy) => proxy.name === name)?.id ?? -1;
}

function serverId(engine: Engine, { backend, server }: SessionInfo): number {
  const proxy = engine.model.proxies.find((p) => p.name === backend && p.kind !== 'frontend');
  return proxy?.servers.find((s) => s.name === server)?.id ?? -1;
}

async function shutdownSession({ engine }: CommandContext, [text]: Arguments): Promise<Reply> {
  if (text === undefined || !/^0x[\da-f]+$/i.test(text)) return refuse("Session pointer expected (use 'show sess').");
  const id = Number(text);
  const sessions = await engine.sessions();
  if (!sessions.some((session) => session.id === id)) return refuse("No such session (use 'show sess').");
  engine.killSession(id);
  return DONE;
}

function shutdownServerSessions({ engine }: CommandContext, [text]: Arguments): Reply {
  const found = findServer(engine, text);
  if (!found.ok) return found.refusal;
  engine.killServerSessions(found.value.proxy.name, found.value.server.name);
  return DONE;
}

export const SESSION_COMMANDS: readonly Command[] = [
  {
    words: ['show', 'sess'],
    usage: 'show sess [id]',
    help: 'sessions now, or one of them (or all) in detail',
    level: 'operator',
    run: showSess,
  },
  {
    words: ['shutdown', 'session'],
    usage: 'shutdown session [id]',
    help: 'end one session',
    level: 'admin',
    run: shutdownSession,
  },
  {
    words: ['shutdown', 'sessions', 'server'],
    usage: 'shutdown sessions server <bk>/<srv>',
    help: 'end every session of a server',
    level: 'admin',
    run: shutdownServerSessions,
  },
];
