/**
 * What parses and does not run: keywords of parts that are not here, and the warnings that name
 * every such line, neighbouring lines together.
 */
import type { Diagnostics } from '../diagnostics.js';
import type { Deferred } from '../model.js';
import { didYouMean } from '../suggest.js';
import type { Line } from './line.js';
import { defer, type ProxyKeyword, type ProxyKeywords, type ProxySection, type Reader, RUNS_LATER } from './section.js';

const MAIL = 'mail alerts are not supported: send mail from what reads the logs';

/** A keyword that is noted. `second` lists what may follow it, where only some words may. */
function later(places: string, reason: string, second?: readonly string[]): ProxyKeyword {
  return {
    in: places,
    read: (line, section) => {
      if (second && !isKnownSecond(line, second)) return;
      defer(line, section.proxy.deferred, reason);
    },
  };
}

function isKnownSecond(line: Line, known: readonly string[]): boolean {
  if (!line.need(1, `one of ${known.join(', ')}`)) return false;
  const word = line.text(1);
  if (known.includes(word)) return true;
  line.error(
    'unknown-keyword',
    1,
    `unknown '${line.text(0)}' setting '${line.text(1)}'`,
    didYouMean(word, known, `write one of ${known.join(', ')}`),
  );
  return false;
}

const COMPRESSIONS = ['algo', 'algo-req', 'algo-res', 'type', 'type-req', 'type-res', 'offload', 'direction'];
const FILTERS = ['trace', 'compression', 'spoe', 'cache', 'fcgi-app', 'opentracing', 'bwlim-in', 'bwlim-out'];

/** Keywords of proxies that are noted and have no effect (manual §4.1). */
export const DEFERRED_KEYWORDS: ProxyKeywords = {
  compression: later('dfb', 'bodies pass as they are: servers compress what they send', COMPRESSIONS),
  filter: later('fb', 'there are no filters', FILTERS),
  'use-fcgi-app': later('b', 'put a web server in front of the application'),
  appsession: later('fb', "HAProxy has given it up: write 'stick-table' and 'stick'"),
  'email-alert': later('dfb', MAIL, ['from', 'level', 'mailers', 'myhostname', 'to']),
};

/** One warning per run of neighbouring lines with the same reason; each names its lines and their first words. */
export function reportDeferred(reader: Reader): void {
  const { diag } = reader;
  reportList(reader.model.global.deferred, diag);
  for (const section of [...reader.defaults, ...reader.proxies]) {
    const own = section.proxy.deferred.filter((entry) => isOwn(entry, section) && !entry.isDecisive);
    reportList(own, diag);
  }
}

/** Inherited lines are named once, where they stand. */
function isOwn(entry: Deferred, section: ProxySection): boolean {
  return entry.loc?.file === section.header.whole.file && entry.loc.line >= section.header.whole.line;
}

function reportList(list: readonly Deferred[], diag: Diagnostics): void {
  for (const run of runsOf(list)) {
    const first = run[0].loc;
    const numbers = run.map((entry) => entry.loc?.line ?? 0);
    const keywords = [...new Set(run.map((entry) => `'${entry.words.slice(0, 2).join(' ')}'`))].join(', ');
    const verb =
      run.length > 1
        ? `lines ${numbers[0]} to ${numbers[run.length - 1]} (${keywords}) do not run in this version`
        : `${keywords} ${RUNS_LATER}`;
    diag.warning('not-run', first, verb, run[0].reason);
  }
}

function runsOf(list: readonly Deferred[]): Deferred[][] {
  const runs: Deferred[][] = [];
  for (const entry of list) {
    const last = runs.at(-1)?.at(-1);
    const isNext =
      last?.reason === entry.reason &&
      last.loc?.file === entry.loc?.file &&
      (last.loc?.line ?? 0) + 1 === entry.loc?.line;
    if (isNext) runs[runs.length - 1].push(entry);
    else runs.push([entry]);
  }
  return runs;
}
