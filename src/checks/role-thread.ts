/**
 * Entry of the role thread: held sessions on Node's own event loop. It starts when the first server needs it. Results go
 * to the health thread over their own channel, together with a wake-up, because that thread sleeps in epoll_wait.
 */
import { performance } from 'node:perf_hooks';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { FromRoles, RoleNudge, RolePlan, RoleReports, ToRoles } from '../core/role/messages.js';
import { wake } from '../linux/eventfd.js';
import { createSession } from './role/create-session.js';
import { RoleRunner } from './role-runner.js';

const { toHealth } = workerData as { toHealth: MessagePort };
const port = parentPort!;
const post = (message: FromRoles) => port.postMessage(message);

let wakeHealth = -1;
let timer: NodeJS.Timeout | undefined;

const runner = new RoleRunner({
  open: createSession,
  nowMs: () => performance.now(),
  wakeAt,
  send: (reports: RoleReports) => {
    toHealth.postMessage(reports);
    wake(wakeHealth);
  },
  keep: (claims) => post({ type: 'claims', claims }),
});

let isTurnDue = false;
let timerAtMs = Number.POSITIVE_INFINITY;

/** Node's timers count whole milliseconds: what is due within one is done in this turn of the loop. */
function wakeAt(ms: number): void {
  if (ms >= timerAtMs) return;
  const waitMs = ms - performance.now();
  if (waitMs < 1) {
    if (isTurnDue) return;
    isTurnDue = true;
    setImmediate(turn);
    return;
  }
  clearTimeout(timer);
  timerAtMs = ms;
  timer = setTimeout(onTimer, waitMs);
}

function onTimer(): void {
  timerAtMs = Number.POSITIVE_INFINITY;
  runner.turn();
}

function turn(): void {
  isTurnDue = false;
  runner.turn();
}

function apply(plan: RolePlan): void {
  wakeHealth = plan.wakeHealth;
  runner.apply(plan);
  post({ type: 'roles-applied', revision: plan.revision });
}

port.on('message', (message: ToRoles) => {
  switch (message.type) {
    case 'apply':
      apply(message.plan);
      break;
    case 'settle':
      post({ type: 'settled', request: message.request, error: runner.settle(message.proxy, message.server) });
      break;
    case 'stop':
      clearTimeout(timer);
      runner.stop();
      toHealth.close();
      port.close();
      break;
  }
});

toHealth.on('message', (nudge: RoleNudge) => runner.nudge(nudge.key, nudge.isTraffic));

post({ type: 'roles-ready' });
