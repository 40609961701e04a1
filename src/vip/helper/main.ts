/**
 * The helper process of the virtual IP. The daemon starts it with one end of a socket pair as descriptor 3; it ends with
 * that socket or by `end`, and by no signal that a whole group gets (systemd stops with SIGTERM, a terminal with SIGINT).
 */
import { closeAllOnExec } from '../../linux/close-on-exec.js';
import { exitNow } from '../../linux/process.js';
import { Guard } from './guard.js';

const LINK_FD = 3;

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
process.chdir('/');
closeAllOnExec();
// At once: the other thread may wait for a file server for good.
new Guard(LINK_FD, exitNow);
