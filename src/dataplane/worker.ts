/**
 * Entry of a data-plane worker thread. It stays in its epoll loop for good; messages from the main thread are read when
 * the eventfd wakes it.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { FromWorker, ThreadData, ToWorker } from '../core/messages.js';
import { Reactor } from '../linux/reactor.js';
import { applyPlan } from './configure.js';
import { localIp } from './connection-log.js';
import { contain } from './faults.js';
import { kill } from './finish.js';
import { passwordChecked } from './http/auth/password-checked.js';
import { applyPatternChange } from './http/rules/pattern-steps.js';
import { serviceAnswered } from './http/services.js';
import { describeSession } from './session-info.js';
import { stopSoftly } from './soft-stop.js';
import { DataplaneWorker } from './worker-context.js';

const { index, wakeFd } = workerData as ThreadData;
const port = parentPort!;
const post = (message: FromWorker) => port.postMessage(message);
const worker = new DataplaneWorker(index, post);
worker.reactor = new Reactor(
  wakeFd,
  onWake,
  () => worker.publish(),
  (error, owner) => contain(worker, error, owner),
);

function onWake(): void {
  for (let message = receiveMessageOnPort(port); message; message = receiveMessageOnPort(port))
    onMessage(message.message as ToWorker);
  if (worker.process) worker.review();
}

function onMessage(message: ToWorker): void {
  switch (message.type) {
    case 'apply':
      applyPlan(worker, message.plan);
      post({ type: 'applied', index, revision: message.plan.revision });
      break;
    case 'close-listeners':
      closeListeners(message.fds);
      post({ type: 'listeners-closed', index, request: message.request });
      break;
    case 'pause-frontend':
      pauseFrontend(message.proxy, message.paused);
      break;
    case 'service-answer':
      serviceAnswered(worker, message);
      break;
    case 'password-checked':
      passwordChecked(worker, message.key, message.isRight);
      break;
    case 'pattern-change':
      applyPatternChange(worker.patternFiles, message.change);
      break;
    case 'list-sessions':
      post({ type: 'sessions', index, request: message.request, sessions: worker.live.map(describeSession) });
      break;
    case 'list-errors':
      post({ type: 'protocol-errors', index, request: message.request, ...worker.protocolErrors.list() });
      break;
    case 'kill-session':
      for (const session of worker.live.filter((s) => s.id === message.id)) kill(session, 'K');
      break;
    case 'kill-frontend-sessions':
      for (const session of worker.live.filter((s) => s.frontend.name === message.proxy)) kill(session, 'K');
      break;
    case 'kill-address-sessions':
      for (const session of worker.live.filter((s) => message.addresses.includes(localIp(s)))) kill(session, 'K');
      break;
    case 'stop':
      stop(message.soft, message.spreadMs);
      break;
  }
}

/** Serves what waits in the accept queues, then lets the descriptors go. The main thread closes them. */
function closeListeners(fds: number[]): void {
  for (const fd of fds) {
    const socket = worker.sockets.get(fd);
    if (!socket) continue;
    socket.drainBacklog();
    socket.retire();
    worker.sockets.delete(fd);
  }
}

function pauseFrontend(proxy: string, paused: boolean): void {
  for (const socket of worker.sockets.values()) {
    if (socket.frontend.name !== proxy) continue;
    socket.paused = paused;
    if (paused) socket.unwatch();
    else socket.watch();
  }
}

function stop(soft: boolean, spreadMs: number): void {
  closeListeners([...worker.sockets.keys()]);
  worker.stopping = true;
  if (soft) stopSoftly(worker, spreadMs);
  else for (const session of [...worker.live]) kill(session, 'K');
  if (worker.live.length === 0) worker.leaveLoop();
}

post({ type: 'ready', index });
worker.reactor.run();
