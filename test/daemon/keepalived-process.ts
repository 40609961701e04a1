/** A process that obeys the signals of a keepalived, in front of a fake engine; its directory is its argument. */
import { KeepalivedFiles } from '../../src/daemon/keepalived-files.js';
import { obeyFileSignals } from '../../src/daemon/keepalived-signals.js';
import { ProcessLog } from '../../src/daemon/process-log.js';
import { FakeEngine, model } from '../control/fake-engine.js';
import { instance, master, status, vipConfig } from '../control/vips.js';

const engine = new FakeEngine({ ...model([]), vips: vipConfig([instance()]) });
engine.vipStatus = status([master()]);
const log = new ProcessLog();
obeyFileSignals(
  new KeepalivedFiles(engine, { directory: process.argv[2], complain: (text) => log.warning(text) }),
  log,
);
setInterval(() => undefined, 1000);
console.log('ready');
