/** The second thread of the helper: everything that may wait for a program, a disk or a file server. */
import { parentPort, workerData } from 'node:worker_threads';
import { Chores } from './chores.js';
import type { GroupMemory } from './group-table.js';
import type { FromChores, ToChores } from './messages.js';

const chores = new Chores((message: FromChores) => parentPort!.postMessage(message), workerData as GroupMemory);
parentPort!.on('message', (message: ToChores) => chores.heard(message));
