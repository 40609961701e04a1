/**
 * `# fairlead: WORD …` inside a proxy section: what an unmodified haproxy.cfg can ask of us. HAProxy sees a comment, so
 * one file serves both. Each word has its own function; the line it gets begins with the word.
 */
import { didYouMean } from '../suggest.js';
import { readBalancePragma } from './balance.js';
import { readDampingPragma } from './damping-pragma.js';
import type { Line } from './line.js';
import { readCheckPragma } from './role-pragma.js';
import { isAllowed, type ProxySection } from './section.js';

interface Pragma {
  /** Where it is allowed, as with keywords: `d` defaults, `f` frontend side, `b` backend side. */
  in: string;
  read(line: Line, section: ProxySection): void;
}

const PRAGMAS: { readonly [word: string]: Pragma } = {
  check: { in: 'db', read: readCheckPragma },
  balance: { in: 'db', read: readBalancePragma },
  'flap-damping': { in: 'db', read: readDampingPragma },
};

export function readPragma(line: Line, section: ProxySection): void {
  const word = line.text(0);
  section.lastLine = line.whole.line;
  if (!Object.hasOwn(PRAGMAS, word)) {
    const names = Object.keys(PRAGMAS);
    const remedy = didYouMean(word, names, `write one of ${names.join(', ')}`);
    line.error('unknown-pragma', 0, `unknown word '${word}' after '# fairlead:'`, remedy);
    return;
  }
  const { in: places, read } = PRAGMAS[word];
  if (isAllowed(places, line, section, `# fairlead: ${word}`, true)) read(line, section);
}

export function misplacedPragma(line: Line): void {
  line.error('misplaced-pragma', 0, "'# fairlead:' has no meaning here", 'move it into a proxy or defaults section');
}
