/**
 * Entry of the VIP thread. It stays in its own epoll loop: neither a busy data plane nor a collection of garbage in
 * another thread delays an advertisement. Messages from the main thread are read when the eventfd wakes it.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { ThreadData } from '../core/messages.js';
import type { FromVip, ToVip } from '../core/vrrp/messages.js';
import { Reactor } from '../linux/reactor.js';
import { VipService } from './vip-service.js';

const { wakeFd } = workerData as ThreadData;
const port = parentPort!;
const post = (message: FromVip) => port.postMessage(message);
const reactor = new Reactor(wakeFd, onWake);
const service = new VipService(reactor, post, () => Date.now());

function onWake(): void {
  for (let message = receiveMessageOnPort(port); message; message = receiveMessageOnPort(port))
    onMessage(message.message as ToVip);
}

function onMessage(message: ToVip): void {
  switch (message.type) {
    case 'apply':
      post({ type: 'vip-applied', revision: message.plan.revision, complaints: service.apply(message.plan) });
      return;
    case 'helper':
      service.openHelper(message.fd, message.pid);
      return;
    case 'ask-status':
      post({ type: 'vip-status', request: message.request, status: service.status() });
      return;
    case 'failover': {
      const error = service.failover(message.router, message.holdMs, message.who);
      post({ type: 'vip-done', request: message.request, error });
      return;
    }
    case 'privileges-dropped':
      service.privilegesDropped();
      return;
    case 'stop':
      service.stop(message.isHandover, message.graceMs);
      return;
  }
}

post({ type: 'ready' });
reactor.run();
