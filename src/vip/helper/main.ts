/**
 * The helper process of the virtual IP. The daemon starts it with one end of a socket pair as descriptor 3; it ends with
 * that socket or by `end`, and by no signal that a whole group gets (systemd stops with SIGTERM, a terminal with SIGINT).
 */
import { closeAllOnExec } from '../../linux/close-on-exec.js';
import { Helper } from './helper.js';

const LINK_FD = 3;

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
process.chdir('/');
closeAllOnExec();
const helper = new Helper(LINK_FD, (code) => process.exit(code));
// Also where a mistake of ours ends it: what went wrong is on standard error then, and the daemon starts another one.
process.on('exit', () => helper.killAll());
