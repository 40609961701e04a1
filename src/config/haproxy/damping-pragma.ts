/** `# fairlead: flap-damping on|off [flaps=N] [window=T] [hold=T] [max-hold=T]`: when servers that go up and down are held. */
import { DEFAULT_FLAP_DAMPING } from '../../core/health/damping.js';
import type { FlapDamping } from '../model.js';
import { didYouMean } from '../suggest.js';
import { parseDuration } from '../units.js';
import type { Line } from './line.js';
import { mark, type ProxySection } from './section.js';

const TIMES: { readonly [key: string]: 'windowMs' | 'holdMs' | 'maxHoldMs' } = {
  window: 'windowMs',
  hold: 'holdMs',
  'max-hold': 'maxHoldMs',
};
const FLAPS_MAX = 1000;

export function readDampingPragma(line: Line, section: ProxySection): void {
  const word = line.choice(1, 'a state of flap damping', ['on', 'off']);
  if (word === undefined) return;
  const settings: FlapDamping = { ...DEFAULT_FLAP_DAMPING };
  if (word === 'off') line.noMore(2);
  else for (let i = 2; line.has(i); i++) readSetting(line, i, settings);
  if (settings.holdMs > settings.maxHoldMs)
    line.error('misfit-key', 0, "'hold' is longer than 'max-hold'", 'write a longer max-hold');
  section.proxy.flapDamping = word === 'off' ? false : settings;
  mark(section, 'flap-damping', line);
}

function readSetting(line: Line, i: number, settings: FlapDamping): void {
  const [key, value = ''] = line.text(i).split('=', 2);
  if (key === 'flaps') {
    if (/^\d{1,4}$/.test(value) && Number(value) >= 1 && Number(value) <= FLAPS_MAX) settings.flaps = Number(value);
    else line.error('bad-number', i, `'${value}' is no number of times`, `write flaps=N, from 1 to ${FLAPS_MAX}`);
  } else if (Object.hasOwn(TIMES, key)) {
    const time = line.parsed(i, parseDuration(value), 'bad-time');
    if (time !== undefined) settings[TIMES[key]] = time.ms;
  } else {
    const known = ['flaps', ...Object.keys(TIMES)];
    line.error('unknown-key', i, `unknown word '${key}'`, didYouMean(key, known, `write some of ${known.join(', ')}`));
  }
}
