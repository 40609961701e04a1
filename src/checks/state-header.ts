/** `http-check send-state`: how this program sees the server, told to the server in a header of each check (manual §4.2). */
import type { ServerHealth } from '../core/health/entities.js';
import * as T from '../core/table.js';

/** @param node `node` of the global section, else the host's name */
export function stateHeader(s: ServerHealth, node: string): string {
  const { backend } = s;
  const total = backend.servers.reduce((sum, other) => sum + (other.isUsable ? other.weight : 0), 0);
  const current = backend.servers.reduce((sum, other) => sum + other.row.get(T.I_CUR_SESS), 0);
  const fields = [
    stateWord(s),
    `address=${s.settings.host}`,
    `port=${s.settings.host === 'unix' ? 'unix' : s.row.get(T.S_ADDR_PORT)}`,
    `name=${backend.name}/${s.name}`,
    `node=${node}`,
    `weight=${s.weight}/${total}`,
    `scur=${s.row.get(T.I_CUR_SESS)}/${current}`,
    `qcur=${s.row.get(T.I_QUEUE)}`,
  ];
  return `x-haproxy-server-state: ${fields.join('; ')}\r\n`;
}

function stateWord(s: ServerHealth): string {
  const { rise, fall } = s.settings;
  if (s.health < rise) return s.health === 0 ? 'DOWN' : `DOWN ${s.health}/${rise}`;
  const word = s.state === T.STATE_STOPPING ? 'NOLB' : 'UP';
  return s.health === s.maxHealth ? word : `${word} ${s.health - rise + 1}/${fall}`;
}
