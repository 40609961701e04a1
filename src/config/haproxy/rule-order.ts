/**
 * Rules are done by kind, whatever order they are written in (manual §4.2, observed of HAProxy's warnings). A rule that
 * stands below one of a later kind is done before it, which is seldom what its author sees. In fairlead.yaml each kind has
 * a key of its own, and nobody reads an order into keys.
 */
import type { Line } from './line.js';
import type { ProxySection } from './section.js';

/** In the order in which they are done; the last two choose where to go, and neither waits for the other. */
const KINDS: readonly (readonly string[])[] = [
  ['tcp-request connection'],
  ['tcp-request session'],
  ['tcp-request content'],
  ['monitor fail'],
  ['http-request'],
  ['redirect'],
  ['use_backend', 'use-server'],
];

/** Notes the rule on a line, and says so where a later kind stands above it. */
export function noteOrder(line: Line, section: ProxySection): void {
  const [name, second] = [line.text(0), `${line.text(0)} ${line.text(1)}`];
  const rank = KINDS.findIndex((names) => names.includes(name) || names.includes(second));
  if (rank < 0) return;
  const above = section.latestRule;
  if (above === undefined || rank >= above.rank) {
    section.latestRule = { rank, line };
    return;
  }
  const kind = KINDS[rank].includes(name) ? name : second;
  const other = KINDS[above.rank].find((words) => above.line.texts.join(' ').startsWith(words));
  const message = `'${kind}' rules are done before the '${other}' above them, on line ${above.line.whole.line}`;
  line.warning('misplaced-rule', 0, message, 'move the line up, so that the file reads as it runs');
}
