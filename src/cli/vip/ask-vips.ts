/** What a running daemon says of its virtual routers. */
import { askSocket } from '../../control/stats-client.js';
import type { VipStatus } from '../../core/vrrp/messages.js';

const ANSWER_TIMEOUT_MS = 10_000;

/**
 * @returns null where it has none
 * @throws Error in words for the operator, also where the other side does not know virtual routers
 */
async function askVips(socket: string): Promise<VipStatus | null> {
  const answer = (await askSocket(socket, 'show vips json', ANSWER_TIMEOUT_MS)).trim();
  if (answer !== 'null' && !answer.startsWith('{')) throw new Error(firstLine(answer));
  return JSON.parse(answer) as VipStatus | null;
}

/** As `askVips`. @throws Error also where there are no virtual routers, or none of that name */
export async function requireVips(socket: string, name?: string): Promise<VipStatus> {
  const status = await askVips(socket);
  if (status === null) throw new Error('the running daemon has no virtual routers in its configuration');
  const groups = status.groups.filter((group) => group.name === name).flatMap(({ instances }) => instances);
  const instances = status.instances.filter(
    (one) => name === undefined || one.name === name || groups.includes(one.name),
  );
  const known = status.instances.map((one) => one.name).join(', ');
  if (name !== undefined && instances.length === 0)
    throw new Error(`there is no virtual router '${name}'; there is ${known}`);
  return { ...status, instances };
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] || 'no answer';
}
