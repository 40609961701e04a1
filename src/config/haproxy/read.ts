/** The HAProxy language: files in, model out (HAProxy 2.6 manual §2 to §4, and newer keywords that extend it). */
import { emptyModel } from '../defaults.js';
import type { Diagnostics, Loc } from '../diagnostics.js';
import type { Model, Proxy } from '../model.js';
import { collectPatternFiles } from '../pattern-files.js';
import { reportDeferred } from './deferred.js';
import { openHttpErrors } from './error-pages.js';
import { openGlobal } from './global.js';
import { Line } from './line.js';
import { misplacedPragma } from './pragma.js';
import type { PredicateContext } from './predicates.js';
import { preprocess, type Source } from './preprocess.js';
import { finishProxies, openProxy, resumeProxy } from './proxy.js';
import type { Reader, Section } from './section.js';
import { unknownKeyword } from './section.js';
import { isUnsupportedSection, openUnsupported, UNSUPPORTED_SECTIONS } from './unsupported.js';
import { openUserlist } from './userlist.js';
import { splitWords } from './words.js';

export type { Source } from './preprocess.js';

/** The world the files are read in. `env` is changed by `setenv` and its kin: hand in a copy. */
export interface ReadContext extends PredicateContext {
  env: { [name: string]: string | undefined };
  version: string;
}

const OPENERS: { [keyword: string]: (line: Line, reader: Reader) => Section } = {
  global: openGlobal,
  defaults: openProxy,
  frontend: openProxy,
  backend: openProxy,
  listen: openProxy,
  userlist: openUserlist,
  'http-errors': openHttpErrors,
};

/** Reads all files as one stream. Never throws: what is wrong is in `diag`, and the rest is in the model. */
export function readHaproxy(sources: Source[], diag: Diagnostics, ctx: ReadContext): Model {
  const reader: Reader = { model: emptyModel(), diag, ctx, defaults: [], proxies: [] };
  const stream = new SectionStream(reader);
  for (const source of sources) preprocess(source, diag, ctx, stream);
  finishProxies(reader);
  collectPatternFiles(reader.model, diag);
  reportDeferred(reader);
  return reader.model;
}

/**
 * Adds lines of the HAProxy language to a proxy another language has begun.
 * @param kind the section the lines would stand in
 * @param at file, line and column of the first character of `text`
 */
export function readProxyLines(
  proxy: Proxy,
  kind: Proxy['kind'],
  text: string,
  at: Loc,
  diag: Diagnostics,
  ctx: ReadContext,
): void {
  const model: Model = { ...emptyModel(), proxies: [proxy] };
  const reader: Reader = { model, diag, ctx, defaults: [], proxies: [] };
  const section = resumeProxy(reader, proxy, kind, at);
  text.split('\n').forEach((row, i) => {
    const place = { file: at.file, line: at.line + i, col: i === 0 ? at.col : 1 };
    const words = splitWords(row, place, (name) => ctx.env[name]);
    if (!Array.isArray(words)) diag.error(words.code, words.loc, words.message, words.remedy);
    else if (words.length > 0) section.line(new Line(words, diag));
  });
  section.end();
  reportDeferred(reader);
}

/** Cuts the stream into sections and hands each line to the one it belongs to. */
class SectionStream {
  private section?: Section;

  constructor(private readonly reader: Reader) {}

  sectionName(): string {
    return this.section?.name ?? '';
  }

  line(line: Line): void {
    const keyword = line.text(0);
    const opener = Object.hasOwn(OPENERS, keyword) ? OPENERS[keyword] : undefined;
    if (opener) this.open(opener(line, this.reader));
    else if (isUnsupportedSection(keyword)) this.open(openUnsupported(line));
    else if (this.section) this.section.line(line);
    else unknownKeyword(line, 'front of the first section', [...Object.keys(OPENERS), ...UNSUPPORTED_SECTIONS]);
  }

  pragma(line: Line): void {
    if (this.section?.pragma) this.section.pragma(line);
    else misplacedPragma(line);
  }

  endOfFile(): void {
    this.section?.end();
    this.section = undefined;
  }

  private open(section: Section): void {
    this.section?.end();
    this.section = section;
  }
}
