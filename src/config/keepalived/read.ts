/** The keepalived language: files in, the part of the model about virtual addresses out (keepalived.conf(5)). */
import type { Diagnostics } from '../diagnostics.js';
import type { Source } from '../haproxy/preprocess.js';
import type { VipConfig } from '../model.js';
import { type EntryOptions, readAddress } from './addresses.js';
import { finishInstance } from './finish.js';
import { GLOBALS, type Globals, noGlobals, OUTSIDE } from './globals.js';
import { type GarpGroup, readGarpGroup, readGroup } from './group.js';
import { type Draft, readInstance } from './instance.js';
import { RouteNames } from './iproute.js';
import { block, type Keyword, type Keywords, Line, readBlock } from './line.js';
import { BLOCK_REASONS } from './not-run.js';
import { preprocess } from './preprocess.js';
import { namesOf } from './programs.js';
import { readRoute } from './routes.js';
import { readRule } from './rules.js';
import { type Names, readScript, readTrackFile, readTrackProcess } from './scripts.js';
import { parse } from './syntax.js';
import { realWorld, type World } from './world.js';

export interface KeepalivedRead {
  readonly vips: VipConfig;
  /** Files that the given ones include. */
  readonly included: string[];
}

/** Everything of one configuration while it is read. */
interface Reader {
  readonly vips: VipConfig;
  readonly globals: Globals;
  readonly drafts: Draft[];
  readonly garpGroups: GarpGroup[];
  readonly names: Names;
  readonly options: EntryOptions;
  /** `track_group` blocks; their members are judged, and nothing else becomes of them. */
  readonly trackGroups: { name: string; loc?: { file: string; line: number } }[];
}

/**
 * Reads all files as one stream. Never throws: what is wrong is in `diag`, and the rest is in the result.
 * @param world the machine that the files are for
 */
export function readKeepalived(
  sources: readonly Source[],
  diag: Diagnostics,
  world: World = realWorld(),
): KeepalivedRead {
  const { rows, included, unknownParameter } = preprocess(sources, diag, world);
  const reader = newReader(world);
  readBlock(parse(rows, diag, unknownParameter), TOP, reader, 'a keepalived configuration', diag);
  // The first of an interface holds.
  const groups = new Map(
    [...reader.garpGroups].reverse().flatMap((group) => group.interfaces.map((name) => [name, group] as const)),
  );
  for (const draft of reader.drafts) {
    const instance = finishInstance(draft, reader.globals, groups, diag);
    if (instance !== undefined) reader.vips.instances.push(instance);
  }
  const { settings } = reader.globals;
  const orphans = settings.notifyFifos.filter(({ path }) => path === '');
  for (const { script } of orphans)
    diag.error('missing-keyword', script?.loc, 'the script has no FIFO to read', "write 'notify_fifo PATH' too");
  settings.notifyFifos = settings.notifyFifos.filter(({ path }) => path !== '');
  return { vips: reader.vips, included };
}

export function noVips(): VipConfig {
  const nothing = { instances: [], groups: [], scripts: [], files: [], processes: [] };
  return {
    settings: { notifyFifos: [] },
    ...structuredClone(nothing),
    staticAddresses: [],
    staticRoutes: [],
    staticRules: [],
  };
}

function newReader(world: World): Reader {
  const globals = noGlobals();
  const vips = { ...noVips(), settings: globals.settings };
  return {
    vips,
    globals,
    drafts: [],
    garpGroups: [],
    names: new Map(),
    trackGroups: [],
    options: { names: new RouteNames(world), isStatic: false },
  };
}

const TOP: Keywords<Reader> = {
  ...Object.fromEntries(
    Object.entries(OUTSIDE).map(([name, of]) => [
      name,
      { read: (line, { globals }) => of.read(line, globals) } as Keyword<Reader>,
    ]),
  ),
  ...Object.fromEntries(Object.keys(BLOCK_REASONS).map((name) => [name, passedOver(name)])),
  global_defs: block((line, { globals }, statements) => {
    globals.settings.loc ??= line.loc;
    readBlock(statements, GLOBALS, globals, 'global_defs', line.diag);
  }),
  static_ipaddress: block((line, reader, statements) => {
    for (const each of statements) {
      const address = readAddress(new Line(each, line.diag), { ...reader.options, isStatic: true });
      if (address !== undefined)
        reader.vips.staticAddresses.push({
          ...address,
          interface: address.interface ?? reader.globals.defaultInterface ?? 'eth0',
        });
    }
  }),
  static_routes: block((line, { vips, options }, statements) => {
    for (const each of statements)
      vips.staticRoutes.push(...some(readRoute(new Line(each, line.diag), { ...options, isStatic: true })));
  }),
  static_rules: block((line, { vips, options }, statements) => {
    for (const each of statements)
      vips.staticRules.push(...some(readRule(new Line(each, line.diag), { ...options, isStatic: true })));
  }),
  track_group: block((line, { trackGroups }, statements) => {
    const word = line.needed('a name');
    if (word !== undefined) trackGroups.push({ name: word.text, loc: word.loc });
    readBlock(
      statements,
      { group: block((_, __, names) => void namesOf(names)) },
      trackGroups,
      'track_group',
      line.diag,
    );
  }),
  vrrp_script: block((line, { vips, names }, statements) => readScript(line, vips, statements, names)),
  track_file: block((line, { vips, names }, statements) => readTrackFile(line, vips, statements, names)),
  vrrp_track_file: block((line, { vips, names }, statements) => readTrackFile(line, vips, statements, names)),
  vrrp_track_process: block((line, { vips, names }, statements) => readTrackProcess(line, vips, statements, names)),
  vrrp_sync_group: block((line, { vips, names }, statements) => readGroup(line, vips.groups, statements, names)),
  garp_group: block((line, { garpGroups }, statements) => readGarpGroup(line, garpGroups, statements)),
  vrrp_instance: block((line, { drafts, names, options }, statements) => {
    const draft = readInstance(line, names, statements, options);
    if (draft !== undefined) drafts.push(draft);
  }),
};

/** A block that is for something else: one message, whatever is in it. */
function passedOver(name: string): Keyword<Reader> {
  const { code, message, remedy, isError } = BLOCK_REASONS[name];
  return {
    isBlock: true,
    read: ({ diag, statement }) => {
      const [first, last] = [statement.words[0], statement.words.at(-1)!];
      const title = statement.words.map(({ text }) => text).join(' ');
      const len =
        last.loc.line === first.loc.line ? Math.max(1, last.loc.col + last.loc.len - first.loc.col) : first.loc.len;
      const severity = isError ? 'error' : code === 'no-effect' ? 'notice' : 'warning';
      diag[severity](code, { ...first.loc, len }, `'${title}': ${message}`, remedy);
    },
  };
}

function some<T>(value: T | undefined): T[] {
  return value === undefined ? [] : [value];
}
