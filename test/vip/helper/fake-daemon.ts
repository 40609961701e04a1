/**
 * A daemon to be killed or stopped: starts the helper, says what it holds, beats. Told by its first argument, a JSON
 * document; prints one line when the helper has heard all of it.
 */
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { setRealtime } from '../../../src/linux/realtime.js';
import type { FromHelper, Held, ToHelper } from '../../../src/vip/helper/messages.js';
import { startHelper } from '../../../src/vip/helper/start.js';
import { settings } from './support.js';

const { held, limitMs, scripts, rtPriority } = JSON.parse(process.argv[2]) as {
  held: Held;
  limitMs: number | null;
  scripts: Extract<ToHelper, { type: 'plan' }>['scripts'];
  rtPriority: number;
};
const BEAT_MS = 15;

setRealtime(rtPriority); // as the thread that beats: on a busy machine an ordinary one is late by more than the limit

const helper = startHelper('pipe');
const link = helper.stdio[3] as Duplex;
const say = (message: ToHelper) => link.write(`${JSON.stringify(message)}\n`);

say({ type: 'plan', settings: settings(), scripts, files: [], processes: [], rtPriority });
say({ type: 'held', held });
say({ type: 'beat', limitMs });
say({ type: 'startup' });
createInterface({ input: link }).on('line', (line) => {
  const message = JSON.parse(line) as FromHelper;
  if (message.type === 'started') console.log(JSON.stringify({ type: 'helper', pid: helper.pid }));
  else console.log(line);
});
setInterval(() => say({ type: 'beat', limitMs }), BEAT_MS);
