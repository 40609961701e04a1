/** Entry of the agents thread: it lives on Node's event loop, so that neither pollers nor a reload delay anything else. */
import { parentPort } from 'node:worker_threads';
import type { FromAgents, ToAgents } from './messages.js';
import { AgentService } from './service.js';
import { createSource, now } from './sources.js';

const port = parentPort!;
const post = (message: FromAgents) => port.postMessage(message);
const service = new AgentService({ createSource, now, log: (level, text) => post({ type: 'log', level, text }) });

port.on('message', (message: ToAgents) => {
  if (message.type === 'apply') {
    service.apply(message.endpoints, message.fds);
    post({ type: 'applied', revision: message.revision });
  } else post({ type: 'figures', request: message.request, figures: service.figures() });
});
