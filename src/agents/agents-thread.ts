/** Entry of the agents thread: it lives on Node's event loop, so that neither pollers nor a reload delay anything else. */
import { parentPort } from 'node:worker_threads';
import type { FromAgents, ToAgents } from './messages.js';
import { AgentService } from './service.js';
import { createSource, now } from './sources.js';

const port = parentPort!;
const post = (message: FromAgents) => port.postMessage(message);
const service = new AgentService({ createSource, now, log: (level, text) => post({ type: 'log', level, text }) });

port.on('message', (message: ToAgents) => {
  switch (message.type) {
    case 'apply':
      service.apply(message.endpoints, message.fds);
      post({ type: 'applied', revision: message.revision });
      break;
    case 'drain':
      void service.drained().then(() => post({ type: 'drained', request: message.request }));
      break;
    case 'figures':
      post({ type: 'figures', request: message.request, figures: service.figures() });
      break;
  }
});
