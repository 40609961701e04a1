/**
 * Configuration files and directories in, one model out: finds the files, tells their languages apart, and has the
 * reader of each language read its own. Everything an operator did wrong is in the diagnostics; nothing is thrown.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { HAPROXY_VERSION } from '../core/haproxy-version.js';
import { readAgentFiles } from './agents/read.js';
import { Diagnostics } from './diagnostics.js';
import { type ReadContext, readHaproxy, type Source } from './haproxy/read.js';
import { readKeepalived } from './keepalived/read.js';
import { realWorld } from './keepalived/world.js';
import { type Language, languageOf } from './language.js';
import type { Model } from './model.js';
import { validateSecrets } from './secrets.js';
import { validate } from './validate.js';
import { settleVips } from './vip-proxies.js';
import { readYaml } from './yaml/read.js';
import { speakYaml } from './yaml/wording.js';

/** Files of a directory that are read; the others (backups, notes) are passed over, as HAProxy does. */
const CONFIG_NAMES = /^[^.].*\.(cfg|yaml|yml)$/;
/** In directories of other programs, the files that these read first. */
const DIRECTORIES: readonly { directory: RegExp; names: RegExp }[] = [
  { directory: /xinetd\.d\/?$/, names: /^[^.]*[^.~]$/ },
  { directory: /keepalived\/?$/, names: /^keepalived\.conf$/ },
];

export interface LoadOptions {
  /** Variables that configurations may name; those of this process by default. */
  env?: { [name: string]: string | undefined };
  /** Text of standard input, for the path `-`; read from it by default. */
  stdin?: () => string;
  /** Passwords must be at hand; false for whoever only translates. Default true. */
  needsSecrets?: boolean;
  /** Which host the `@HOST` lines of keepalived.conf are meant for (its `-i`); by default the name of this one. */
  instance?: string;
}

export interface Loaded {
  model: Model;
  diagnostics: Diagnostics;
  /** The files that were read, in order. */
  files: string[];
}

/**
 * Reads all paths as one configuration: first the HAProxy files as one stream, then keepalived's, then the fairlead.yaml
 * files, each kind in the order given. The model must only run when `diagnostics.hasErrors` is false.
 * @param paths files, directories (their *.cfg, *.yaml and *.yml in lexical order), or `-` for standard input
 */
export function loadConfig(paths: readonly string[], options: LoadOptions = {}): Loaded {
  const diagnostics = new Diagnostics();
  const sources = paths.flatMap((path) => readPath(path, options, diagnostics));
  const ctx: ReadContext = { env: { ...(options.env ?? process.env) }, version: HAPROXY_VERSION };
  const inLanguage = (language: Language) => sources.filter((source) => languageOf(source) === language);
  const model = readHaproxy(inLanguage('haproxy'), diagnostics, ctx);
  const included = readVips(inLanguage('keepalived'), model, diagnostics, options);
  readYaml(inLanguage('yaml'), diagnostics, ctx, model);
  const [pgsqlchk, xinetd, clustercheck] = (['pgsqlchk', 'xinetd', 'clustercheck'] as const).map(inLanguage);
  model.agents.push(...readAgentFiles({ pgsqlchk, xinetd, clustercheck }, diagnostics, options.env ?? process.env));
  settleVips(model, diagnostics);
  if (sources.length > 0 && !diagnostics.hasErrors) complainEmpty(model, sources, diagnostics);
  if (options.needsSecrets !== false) validateSecrets(model, diagnostics, options.env ?? process.env);
  judge(model, diagnostics, new Set(inLanguage('yaml').map((source) => source.file)));
  return { model, diagnostics, files: [...sources.map((source) => source.file), ...included] };
}

/** @returns the files that keepalived's files include */
function readVips(sources: readonly Source[], model: Model, diag: Diagnostics, options: LoadOptions): string[] {
  if (sources.length === 0) return [];
  const { vips, included } = readKeepalived(sources, diag, realWorld(options.instance));
  model.vips = vips;
  return included;
}

/** What is wrong with the whole is said in the words of the file it is said of. */
function judge(model: Model, diagnostics: Diagnostics, yamlFiles: ReadonlySet<string>): void {
  const before = diagnostics.list.length;
  validate(model, diagnostics);
  dropEchoes(diagnostics, before, yamlFiles);
  speakYaml(diagnostics, before, yamlFiles);
}

/** Said of what is missing only because the reader had to leave out a faulty part: the fault itself is enough. */
const ECHOES = ['no-bind', 'no-server', 'missing-timeouts', 'check-timeout-unset', 'unknown-server', 'track-unchecked'];

function dropEchoes({ list }: Diagnostics, from: number, files: ReadonlySet<string>): void {
  const isFaulty = (file: string) => list.slice(0, from).some((d) => d.severity === 'error' && d.loc?.file === file);
  const faulty = new Set([...files].filter(isFaulty));
  const kept = list.splice(from).filter((d) => !(d.loc && faulty.has(d.loc.file) && ECHOES.includes(d.code)));
  list.push(...kept);
}

function readPath(path: string, options: LoadOptions, diag: Diagnostics): Source[] {
  try {
    if (path === '-') return [known('<stdin>', (options.stdin ?? readStdin)(), diag)];
    if (!statSync(path).isDirectory()) return [known(path, readFileSync(path, 'utf8'), diag)];
    return readDirectory(path, diag);
  } catch (error) {
    diag.error(
      'unreadable',
      undefined,
      `cannot read ${path}: ${reasonOf(error)}`,
      'check the path and its permissions',
    );
    return [];
  }
}

function readDirectory(path: string, diag: Diagnostics): Source[] {
  const wanted = DIRECTORIES.find(({ directory }) => directory.test(path))?.names ?? CONFIG_NAMES;
  const names = readdirSync(path).filter((name) => wanted.test(name));
  if (names.length === 0)
    diag.error(
      'no-files',
      undefined,
      `no configuration in directory ${path}`,
      'its *.cfg, *.yaml and *.yml files are read',
    );
  return names.sort().map((name) => known(join(path, name), readFileSync(join(path, name), 'utf8'), diag));
}

function readStdin(): string {
  return readFileSync(0, 'utf8');
}

function known(file: string, text: string, diag: Diagnostics): Source {
  diag.addSource(file, text);
  return { file, text };
}

/** What the system says, in its words and without its jargon. */
function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const words: { [code: string]: string } = {
    ENOENT: 'no such file or directory',
    EACCES: 'permission denied',
    EISDIR: 'it is a directory',
    ENOTDIR: 'a part of the path is not a directory',
  };
  return words[code ?? ''] ?? message;
}

/** HAProxy refuses to start on nothing; so do we, and say it before anything else fails. */
function complainEmpty(model: Model, sources: Source[], diag: Diagnostics): void {
  const addresses = (model.vips?.instances.length ?? 0) + (model.vips?.staticAddresses.length ?? 0);
  if (model.proxies.length + model.agents.length + addresses > 0) return;
  const loc = { file: sources[0].file, line: 1, col: 1, len: 1 };
  diag.error(
    'no-proxies',
    loc,
    model.vips ? 'the configuration has no virtual address and no proxy' : 'the configuration has no proxy',
    model.vips
      ? "add a 'vrrp_instance', or 'vips:' in fairlead.yaml"
      : "add a 'listen' section, or 'services:' in fairlead.yaml",
  );
}
