/** Fairlead's own commands about the past and against it: `show events`, `show explain`, `recheck`, `clear damping`. */
import { hasBackend } from '../../config/defaults.js';
import { story } from '../../core/events/story.js';
import { vipStory } from '../../core/events/vip-story.js';
import { type Command, type CommandContext, DONE, INFO, type Reply, refuse } from '../command.js';
import { EventFeed, type FeedFormat, JSON_LINES } from '../event-feed.js';
import { readEventRequest } from '../event-request.js';
import { explanationOf, vipExplanationOf } from '../explain.js';
import { localTime } from '../local-time.js';
import { findNamed, findSubject, type Subject } from '../subjects.js';

type Arguments = readonly (string | undefined)[];

const TEXT_LINES: FeedFormat = {
  render: ({ atMs, level, text }) => `${new Date(atMs).toISOString()} <${level}> ${text}\n`,
  renderMissed: (count) => `# ${count} events were not kept\n`,
};

function showEvents({ engine, nowMs }: CommandContext, args: Arguments): Reply {
  const words = args.filter((word) => word !== undefined);
  const request = readEventRequest(engine, words, nowMs);
  if (typeof request === 'string') return refuse(request);
  return new EventFeed(engine, request, request.isJson ? JSON_LINES : TEXT_LINES);
}

async function showExplain({ engine, nowMs }: CommandContext, [name, form]: Arguments): Promise<Reply> {
  const found = findNamed(engine.model, name ?? '');
  if (!found.ok) return refuse(name === undefined ? "Require 'backend/server'." : found.why);
  if ('vip' in found.value) return explainVip(engine, found.value.vip, form, nowMs);
  const { proxy, server } = found.value;
  if (server === undefined) return refuse(`name a server of it: ${names(found.value).join(', ')}`);
  const explanation = await explanationOf(engine, { proxy, server }, nowMs);
  if (explanation === null) return refuse(`${proxy.name}/${server.name} does not run.`);
  return form === 'json' ? `${JSON.stringify(explanation)}\n` : story(explanation, localTime);
}

async function explainVip(
  engine: CommandContext['engine'],
  name: string,
  form: string | undefined,
  nowMs: number,
): Promise<Reply> {
  const explanation = await vipExplanationOf(engine, name, nowMs);
  if (explanation !== null)
    return form === 'json' ? `${JSON.stringify(explanation)}\n` : vipStory(explanation, localTime);
  const members = engine.model.vips?.groups.find((group) => group.name === name)?.instances;
  return refuse(members === undefined ? `${name} does not run.` : `name an instance of it: ${members.join(', ')}`);
}

function names({ proxy }: Subject): string[] {
  return proxy.servers.map((server) => `${proxy.name}/${server.name}`);
}

/** Servers that have checks of their own are checked at once; the answer names them. */
async function recheck({ engine, who }: CommandContext, [name]: Arguments): Promise<Reply> {
  const found = findSubject(engine.model, name ?? '');
  if (!found.ok) return refuse(name === undefined ? "Require 'backend' or 'backend/server'." : found.why);
  const { proxy, server } = found.value;
  const asked = server === undefined ? proxy.servers.filter((s) => s.check && s.track === undefined) : [server];
  if (asked.length === 0) return refuse(`backend '${proxy.name}' has no server with checks of its own.`);
  const results = await Promise.all(
    asked.map(async (s) => ({
      name: s.name,
      error: await engine.admin(proxy.name, s.name, { do: 'recheck', why: who }),
    })),
  );
  const failed = results.filter(({ error }) => error !== null);
  if (failed.length === results.length) return refuse(failed[0].error!);
  const done = results.filter(({ error }) => error === null).map((result) => `${proxy.name}/${result.name}\n`);
  return { text: done.join(''), severity: INFO };
}

async function clearDamping({ engine, who }: CommandContext, [name]: Arguments): Promise<Reply> {
  const found = name === undefined ? undefined : findSubject(engine.model, name);
  if (found?.ok === false) return refuse(found.why);
  const subjects =
    found === undefined ? engine.model.proxies.filter(hasBackend).map((proxy) => ({ proxy })) : [found.value];
  for (const subject of subjects) {
    const error = await clear(engine, subject, who);
    if (error !== null) return refuse(error);
  }
  return DONE;
}

async function clear(
  engine: CommandContext['engine'],
  { proxy, server }: Subject,
  who: string,
): Promise<string | null> {
  for (const { name } of server === undefined ? proxy.servers : [server]) {
    const error = await engine.admin(proxy.name, name, { do: 'undamp' }, who);
    if (error !== null && server !== undefined) return error;
  }
  return null;
}

export const HISTORY_COMMANDS: readonly Command[] = [
  {
    words: ['show', 'events'],
    usage: 'show events [<bk>[/<srv>]|<vip>] [opts]',
    help: 'what happened to servers, backends and virtual routers',
    level: 'user',
    run: showEvents,
  },
  {
    words: ['show', 'explain'],
    usage: 'show explain <bk>/<srv>|<vip> [json]',
    help: 'why a server or virtual router is what it is',
    level: 'user',
    run: showExplain,
  },
  {
    words: ['recheck'],
    usage: 'recheck <bk>[/<srv>]',
    help: 'check a server, or all of a backend, at once',
    level: 'operator',
    run: recheck,
  },
  {
    words: ['clear', 'damping'],
    usage: 'clear damping [<bk>[/<srv>]]',
    help: 'let servers back that are held down for flapping',
    level: 'admin',
    run: clearDamping,
  },
];
