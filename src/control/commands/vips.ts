/** `show vips [json]`: the virtual routers of this host. `failover vip [NAME] [hold 60s]`: another router takes over. */
import { parseDuration } from '../../config/units.js';
import { addressText } from '../../core/events/vip-words.js';
import type { VipInstanceStatus, VipStatus } from '../../core/vrrp/messages.js';
import { type Command, type CommandContext, INFO, type Reply, refuse } from '../command.js';
import { unknownVip } from '../subjects.js';

/** How long the addresses are left to others when nothing is said. */
const HOLD_MS = 60_000;
/** An operator who wants it for longer stops the router, or lowers its priority. */
const HOLD_MAX_MS = 24 * 3_600_000;
const NO_VIPS =
  'this process has no virtual routers; vrrp_instance (keepalived.conf) or vips: (fairlead.yaml) adds them.';

type Arguments = readonly (string | undefined)[];

async function showVips({ engine }: CommandContext, [format]: Arguments): Promise<Reply> {
  const status = (await engine.vips?.()) ?? null;
  if (format === 'json') return `${JSON.stringify(status)}\n`;
  const heading = '# name state since vrid interface priority owner owner_priority held addresses problems faults\n';
  return heading + (status?.instances ?? []).map((one) => row(one)).join('');
}

function row(of: VipInstanceStatus): string {
  const held = of.addresses.filter(({ isHeld }) => isHeld).length;
  const since = new Date(of.sinceMs).toISOString();
  const who = [of.owner ?? '-', of.ownerPriority ?? '-'];
  const addresses = `${held}/${of.addresses.length} ${of.addresses.map(({ text }) => addressText(text).split(' ')[0]).join(',') || '-'}`;
  const trouble = [of.problems.map(({ code }) => code).join(',') || '-', of.faults.length];
  return `${[of.name, of.state, since, of.virtualRouterId, of.interface || '-', of.priority, ...who, addresses, ...trouble].join(' ')}\n`;
}

async function failover(context: CommandContext, args: Arguments): Promise<Reply> {
  const { engine, who } = context;
  const status = (await engine.vips?.()) ?? null;
  if (status === null || engine.failoverVip === undefined) return refuse(NO_VIPS);
  const order = readOrder(args.filter((word) => word !== undefined));
  if (typeof order === 'string') return refuse(order);
  const given = mastersOf(status, order.name);
  if (given === null) return refuse(unknownVip(engine.model, order.name!));
  if (given.length === 0) return refuse(nothingToGive(status, order.name));
  const error = await engine.failoverVip(order.name, order.holdMs, who);
  if (error !== null) return refuse(error);
  return { text: given.map(({ name }) => `${name}\n`).join(''), severity: INFO };
}

interface Order {
  /** An instance or a sync group; null: all. */
  readonly name: string | null;
  readonly holdMs: number;
}

function readOrder(words: readonly string[]): Order | string {
  const name = words.length > 0 && words[0] !== 'hold' ? words[0] : null;
  const [hold, text, ...more] = name === null ? words : words.slice(1);
  if (hold === undefined) return { name, holdMs: HOLD_MS };
  const parsed = parseDuration(text ?? '');
  const isTime = parsed.ok && parsed.value.trailing === undefined && parsed.value.ms <= HOLD_MAX_MS;
  if (hold !== 'hold' || more.length > 0) return "expects 'failover vip [<name>] [hold <time>]'.";
  return isTime ? { name, holdMs: parsed.value.ms } : "'hold' expects a time such as 60s or 10m, at most 24h.";
}

/** Those that have their addresses now. @returns null where no instance and no group has that name */
function mastersOf({ instances, groups }: VipStatus, name: string | null): VipInstanceStatus[] | null {
  const members = groups.find((group) => group.name === name)?.instances;
  const meant = instances.filter((one) => name === null || one.name === name || members?.includes(one.name));
  if (meant.length === 0 && name !== null) return null;
  return meant.filter(({ state }) => state === 'MASTER');
}

function nothingToGive({ instances }: VipStatus, name: string | null): string {
  const one = instances.find((instance) => instance.name === name);
  if (one === undefined) return 'no virtual router is MASTER here: there is nothing to hand over.';
  const where = one.owner === null ? '' : `; its owner is ${one.owner}`;
  return `${one.name} is ${one.state} here and has nothing to hand over${where}.`;
}

export const VIP_COMMANDS: readonly Command[] = [
  {
    words: ['show', 'vips'],
    usage: 'show vips [json]',
    help: 'virtual routers: state, owner, addresses, problems',
    level: 'user',
    run: showVips,
  },
  {
    words: ['failover', 'vip'],
    usage: 'failover vip [<name>] [hold <time>]',
    help: 'let another router have the virtual addresses',
    level: 'admin',
    run: failover,
  },
];
