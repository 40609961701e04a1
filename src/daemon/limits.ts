/** How many connections the process may hold, and the descriptors that takes (manual: `maxconn`, `ulimit-n`). */
import { DEFAULT_AGENT_MAXCONN } from '../config/agents/defaults.js';
import type { Model } from '../config/model.js';
import { descriptorLimit, setDescriptorLimit } from '../linux/process.js';

/** Both ends of a proxied connection. */
const FDS_PER_CONNECTION = 2;
/** Node itself, epoll instances, eventfds, control sockets and their clients. */
const FDS_OF_THE_PROCESS = 100;
/** Pooled pipes for splice, two descriptors each, per worker (dataplane/worker-context.ts). */
const FDS_OF_PIPES = 512;

const FDS_OF_AN_ENDPOINT = 5;

/** Descriptors needed besides those of connections. */
export function overhead(model: Model, workers: number): number {
  const binds = model.proxies.reduce((sum, p) => sum + p.binds.length, 0);
  const checked = model.proxies.reduce((sum, p) => sum + p.servers.filter((s) => s.check).length, 0);
  return FDS_OF_THE_PROCESS + workers * (binds + FDS_OF_PIPES) + checked + ofAgents(model);
}

/** Pollers at their limit take nothing from the sessions: a socket, its duplicate, a held session and a program for each endpoint. */
function ofAgents(model: Model): number {
  const running = model.agents.filter(({ disabled }) => disabled !== true);
  return running.reduce((sum, { maxconn }) => sum + (maxconn ?? DEFAULT_AGENT_MAXCONN) + FDS_OF_AN_ENDPOINT, 0);
}

/**
 * Decides `maxconn` where it is not written, from the hard limit as HAProxy does; raises the limit where it is.
 * @param raise sets both limits; 0 or -errno
 * @returns maxconn to run with, and what to tell the operator when that is less than written
 */
export function fitLimits(
  model: Model,
  workers: number,
  limit = descriptorLimit(),
  raise: (n: number, hard: number) => number = setDescriptorLimit,
): { maxconn: number; complaint?: string } {
  const { maxconn, ulimitN } = model.global;
  const extra = overhead(model, workers);
  const need = ulimitN ?? (maxconn === undefined ? limit.hard : maxconn * FDS_PER_CONNECTION + extra);
  const reached =
    need > limit.soft && raise(need, Math.max(need, limit.hard)) < 0 ? best(limit, raise) : Math.max(need, limit.soft);
  const room = Math.max(1, Math.floor((reached - extra) / FDS_PER_CONNECTION));
  if (maxconn === undefined) return { maxconn: room };
  if (room >= maxconn) return { maxconn };
  const wanted = maxconn * FDS_PER_CONNECTION + extra;
  return {
    maxconn: room,
    complaint: `maxconn ${maxconn} needs ${wanted} descriptors and the limit is ${reached}: running with maxconn ${room}; raise the hard limit (ulimit -Hn, LimitNOFILE=) or lower maxconn`,
  };
}

/** As much as is allowed without privileges. */
function best(limit: { soft: number; hard: number }, raise: (n: number, hard: number) => number): number {
  return raise(limit.hard, limit.hard) < 0 ? limit.soft : limit.hard;
}
