/** `show stat [<iid|proxy> <type> <sid>] [desc|json|no-maint|typed|up]*`. */
import { allows, type Command, type CommandContext, type Message, type Reply, refuse } from '../command.js';
import { findProxyId } from '../lookup.js';
import { csv, json, typed } from '../stat/stat-format.js';
import { EVERYTHING, type Selection, statRows } from '../stat/stat-rows.js';

type Arguments = readonly (string | undefined)[];

/** `domain proxy` is what is shown anyway; there is no other domain. */
function withoutDomain(args: Arguments): { args: Arguments; refusal?: Message } {
  if (args[0] !== 'domain') return { args };
  if (args[1] === 'proxy') return { args: args.slice(2) };
  return { args, refusal: refuse('Invalid statistics domain.') };
}

/** The three selectors count only when all three are there. */
function selection(context: CommandContext, args: Arguments): Selection | Message {
  const flags = {
    upOnly: args.includes('up'),
    noMaint: args.includes('no-maint'),
    legends: allows(context.client.level, 'operator'),
  };
  const [proxy, types, sid] = args;
  if (proxy === undefined || types === undefined || sid === undefined) return { ...EVERYTHING, ...flags };
  if (!/^-?\d/.test(types)) return { ...EVERYTHING, ...flags };
  const found = findProxyId(context.engine, proxy);
  if (!found.ok) return found.refusal;
  return { iid: found.value, types: Number.parseInt(types, 10), sid: Number.parseInt(sid, 10), ...flags };
}

function showStat(context: CommandContext, given: Arguments): Reply {
  const { args, refusal } = withoutDomain(given);
  if (refusal) return refusal;
  const want = selection(context, args);
  if ('text' in want) return want;
  const rows = statRows(context.engine, want, context.nowMs);
  if (args.includes('json')) return json(rows);
  return args.includes('typed') ? typed(rows, args.includes('desc')) : csv(rows);
}

export const STAT_COMMANDS: readonly Command[] = [
  {
    words: ['show', 'stat'],
    usage: 'show stat [desc|json|no-maint|typed|up]*',
    help: 'figures of every proxy, server and listener',
    level: 'user',
    run: showStat,
  },
];
