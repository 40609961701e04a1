/**
 * Entry of the health thread. It stays in its own epoll loop, so that a busy data plane delays no check and a slow check
 * no byte; messages from the main thread are read when the eventfd wakes it.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { FromHealth, ThreadData, ToHealth } from '../core/messages.js';
import { errnoText } from '../linux/errors.js';
import { wake } from '../linux/eventfd.js';
import { Reactor } from '../linux/reactor.js';
import { watchLinks } from './link-watch.js';
import { type RoleChannel, RoleInbox } from './role-inbox.js';
import { CheckRunner } from './runner.js';

const { wakeFd } = workerData as ThreadData;
const port = parentPort!;
const post = (message: FromHealth) => port.postMessage(message);
/** So many checks start before answers are looked at: the first to start shall not wait for the last. */
const STARTS_PER_TURN = 16;
const reactor = new Reactor(wakeFd, onWake, () => runner.tellTime(), null, STARTS_PER_TURN);
const runner = new CheckRunner(reactor, post, wake, Math.random);
const roles = new RoleInbox(runner);

function onWake(): void {
  for (let message = receiveMessageOnPort(port); message; message = receiveMessageOnPort(port))
    onMessage(message.message as ToHealth | RoleChannel);
  roles.drain();
  runner.review();
}

function onMessage(message: ToHealth | RoleChannel): void {
  switch (message.type) {
    case 'apply':
      runner.apply(message.plan);
      roles.expect(message.plan.revision);
      runner.machine.flush(); // workers get the configuration next: the cells are right by then
      post({ type: 'applied', revision: message.plan.revision });
      break;
    case 'admin': {
      const error = runner.command(message.proxy, message.server, message.command);
      runner.machine.flush();
      post({ type: 'admin-result', request: message.request, error });
      break;
    }
    case 'ask-server':
      post({ type: 'server-now', request: message.request, now: runner.now(message.proxy, message.server) });
      break;
    case 'program-ended':
      runner.programs.ended(message.id, message.status);
      runner.machine.flush();
      break;
    case 'role-channel':
      roles.open(message.port);
      break;
    case 'stop':
      roles.close();
      runner.stop();
      reactor.stop();
      break;
  }
}

const watched = watchLinks(reactor, (name, awayMs) => runner.linkReturned(name, awayMs));
if (watched < 0) {
  const text = `links of this host are not watched: ${errnoText(watched)}; after one is back, servers are checked when they are due`;
  post({ type: 'log', level: 'notice', text });
}
post({ type: 'ready' });
reactor.run();
