/** `vrrp_script`, `track_file` and `vrrp_track_process`: things that instances and groups track by name. */
import type { Loc } from '../diagnostics.js';
import type { TrackFile, TrackProcess, TrackScript, VipConfig } from '../model.js';
import { type Keywords, keyword, type Line, readBlock } from './line.js';
import { quotedProgramOf } from './programs.js';
import type { Statement } from './syntax.js';
import { FILE_WEIGHT, readWeight, WEIGHT } from './track.js';

/** Longest times and counts that keepalived takes. */
const MAX_SECONDS = 4294;
const MAX_COUNT = 0x7fffffff;

const SCRIPT: Keywords<TrackScript> = {
  script: keyword((line, to) => {
    const program = quotedProgramOf(line);
    if (program) to.program = { ...to.program, ...program };
  }),
  interval: keyword((line, to) => {
    const ms = line.seconds(0.000_001, MAX_SECONDS);
    if (ms !== undefined) to.intervalMs = ms;
  }),
  timeout: keyword((line, to) => {
    const ms = line.seconds(0.000_001, MAX_SECONDS);
    if (ms !== undefined) to.timeoutMs = ms;
  }),
  weight: keyword((line, to) => readWeight(line, to, -WEIGHT, WEIGHT)),
  rise: keyword((line, to) => {
    const count = line.integer(1, MAX_COUNT);
    if (count !== undefined) to.rise = count;
  }),
  fall: keyword((line, to) => {
    const count = line.integer(1, MAX_COUNT);
    if (count !== undefined) to.fall = count;
  }),
  user: keyword((line, to) => {
    const [user, group] = [line.needed('a user'), line.next()];
    if (user) to.program = { ...to.program, user: user.text, ...(group && { group: group.text }) };
  }),
  init_fail: keyword((_, to) => {
    to.initFail = true;
  }),
};

export function readScript(line: Line, vips: VipConfig, statements: readonly Statement[], names: Names): void {
  const name = nameOf(line, names, 'vrrp_script');
  if (name === undefined) return;
  const script: TrackScript = { name, program: { command: [] }, loc: line.loc };
  const before = line.diag.list.length;
  readBlock(statements, SCRIPT, script, 'vrrp_script', line.diag);
  if (script.program.command.length > 0) vips.scripts.push(script);
  else if (line.diag.list.length === before) missing(line, 'script', `write 'script "/full/path"' in it`);
}

const FILE: Keywords<TrackFile> = {
  file: keyword((line, to) => {
    const word = line.needed('a path');
    if (word) to.path = word.text;
  }),
  weight: keyword((line, to) => readWeight(line, to, -2_147_483_647, 2_147_483_647)),
  init_file: keyword((line, to) => {
    to.init = { value: 0, overwrite: false };
    for (let word = line.next(); word !== undefined; word = line.next()) {
      if (word.text === 'overwrite') to.init.overwrite = true;
      else to.init.value = line.integerOf(word, -2_147_483_648, 2_147_483_647) ?? 0;
    }
  }),
};

export function readTrackFile(line: Line, vips: VipConfig, statements: readonly Statement[], names: Names): void {
  const name = nameOf(line, names, 'track_file');
  if (name === undefined) return;
  const file: TrackFile = { name, path: '', loc: line.loc };
  const before = line.diag.list.length;
  readBlock(statements, FILE, file, line.keyword, line.diag);
  if (file.path !== '') vips.files.push(file);
  else if (line.diag.list.length === before) missing(line, 'file', `write 'file "/full/path"' in it`);
}

const PROCESS: Keywords<TrackProcess> = {
  process: keyword((line, to) => {
    to.command = [];
    for (let word = line.needed('a name'); word !== undefined; word = line.next())
      to.command.push(word.unescaped ?? word.text);
  }),
  param_match: keyword((line, to) => {
    const match = line.oneOf(['initial', 'partial', 'exact'] as const);
    if (match) to.paramMatch = match;
  }),
  weight: keyword((line, to) => readWeight(line, to, -FILE_WEIGHT, FILE_WEIGHT)),
  quorum: keyword((line, to) => {
    const count = line.integer(1, 65_535);
    if (count !== undefined) to.quorum = count;
  }),
  quorum_max: keyword((line, to) => {
    const count = line.integer(0, 65_535);
    if (count !== undefined) to.quorumMax = count;
  }),
  fork_delay: keyword((line, to) => {
    const ms = line.seconds(0.000_001, 3600);
    if (ms !== undefined) to.forkDelayMs = ms;
  }),
  terminate_delay: keyword((line, to) => {
    const ms = line.seconds(0.000_001, 3600);
    if (ms !== undefined) to.terminateDelayMs = ms;
  }),
  delay: keyword((line, to) => {
    const ms = line.seconds(0.000_001, 3600);
    if (ms !== undefined) [to.forkDelayMs, to.terminateDelayMs] = [ms, ms];
  }),
  full_command: keyword((_, to) => {
    to.fullCommand = true;
  }),
};

export function readTrackProcess(line: Line, vips: VipConfig, statements: readonly Statement[], names: Names): void {
  const name = nameOf(line, names, line.keyword);
  if (name === undefined) return;
  const process: TrackProcess = { name, command: [], loc: line.loc };
  const before = line.diag.list.length;
  readBlock(statements, PROCESS, process, line.keyword, line.diag);
  if (process.command.length > 0) vips.processes.push(process);
  else if (line.diag.list.length === before) missing(line, 'process', "write 'process NAME' in it");
}

/** Where each name of each kind of block was given. */
export type Names = Map<string, Loc>;

/** The name of a block; one that is taken is an error. */
export function nameOf(line: Line, names: Names, what: string): string | undefined {
  const word = line.next();
  if (word === undefined)
    return line.error(undefined, 'missing-value', `'${what}' without a name`, `write '${what} NAME {'`);
  const key = `${what} ${word.text}`;
  const other = names.get(key);
  if (other === undefined) {
    names.set(key, word.loc);
    return word.text;
  }
  const isElsewhere = other.file !== word.loc.file;
  const where = `in ${isElsewhere ? `${other.file}, ` : ''}line ${other.line}`;
  const remedy = isElsewhere
    ? 'files of two nodes are checked one at a time; within one node give each its own name'
    : 'give each its own name';
  return line.error(word, 'duplicate-name', `there is a ${what} '${word.text}' already ${where}`, remedy);
}

function missing(line: Line, what: string, remedy: string): void {
  line.error(undefined, 'missing-keyword', `the ${line.keyword} has no '${what}'`, remedy);
}
