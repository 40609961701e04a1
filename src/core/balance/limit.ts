/** How many connections a server may hold at this moment: maxconn, its ramp from minconn, and slowstart. */
import { I_CUR_SESS, I_MAXCONN, type Row, S_EWEIGHT, S_MINCONN, S_STATE, S_UWEIGHT, STATE_STARTING } from '../table.js';

const UNLIMITED = 0x7fffffff;

/**
 * The limit in force (manual: `maxconn`, `minconn`, `fullconn`, `slowstart`). With minconn the limit follows the
 * backend's load: maxconn × load / fullconn, at least minconn (observed from HAProxy 2.6). While a server starts
 * slowly, the limit grows with its weight, from 1.
 * @param backend its I_CUR_SESS is the load, and counts the connection that asks
 * @param fullconn 0 = no ramp
 */
export function limitOf(server: Row, backend: Row, fullconn: number): number {
  let maxconn = server.get(I_MAXCONN);
  const minconn = server.get(S_MINCONN);
  if (maxconn === 0 && minconn === 0) return UNLIMITED;
  if (minconn >= maxconn) maxconn = minconn;
  else if (minconn > 0) maxconn = ramp(minconn, maxconn, backend.get(I_CUR_SESS), fullconn);
  return server.get(S_STATE) === STATE_STARTING ? slowed(server, maxconn) : maxconn;
}

function ramp(minconn: number, maxconn: number, load: number, fullconn: number): number {
  if (load >= fullconn) return maxconn;
  return Math.max(minconn, Math.floor((load * maxconn) / fullconn));
}

function slowed(server: Row, maxconn: number): number {
  const full = 16 * server.get(S_UWEIGHT);
  const now = server.get(S_EWEIGHT);
  return now >= full ? maxconn : Math.max(1, Math.floor((maxconn * now) / full));
}
