/** What the readers of sections share: the state of the whole reading, and of one proxy section. */

import type { BuiltinCheck } from '../builtin-model.js';
import type { Diagnostics } from '../diagnostics.js';
import type {
  CheckSpec,
  CheckStep,
  Deferred,
  LogTarget,
  Model,
  Proxy,
  RoleCheck,
  Server,
  StatsPage,
} from '../model.js';
import { didYouMean } from '../suggest.js';
import type { Line } from './line.js';
import type { PredicateContext } from './predicates.js';
import { replacementOf } from './removed.js';

/** The reading of all files: what one section leaves for those after it. */
export interface Reader {
  readonly model: Model;
  readonly diag: Diagnostics;
  readonly ctx: PredicateContext;
  /** Every `defaults` section so far, the latest last. */
  readonly defaults: ProxySection[];
  /** Sections whose proxy is in the model, in order. */
  readonly proxies: ProxySection[];
}

/** A section that is being read. */
export interface Section {
  /** Its name, or its type where it has none: `${.SECTION}`. */
  readonly name: string;
  line(line: Line): void;
  /** `# fairlead: …`; sections without it have no settings of that kind. */
  pragma?(line: Line): void;
  end(): void;
}

/** Settings of `server` and `default-server` lines. */
export type ServerSettings = Omit<Server, 'name' | 'id' | 'address' | 'portMode' | 'portOffset' | 'loc'>;

/** How the checks of a section are declared; compiled into the proxy's `check` at the end. */
export interface CheckDraft {
  method: CheckSpec['type'];
  /** With method `role`: what is asked, and what the pragma says of servers. */
  role?: RoleCheck;
  roleProbe?: RoleProbe;
  /** The pragma is that of the defaults: a check of the section's own replaces it. */
  isRoleInherited?: boolean;
  /** With a method of HAProxy's own: its details. */
  builtin?: BuiltinCheck;
  /** `external-check command` and `path`, and where the latest stands. */
  external?: Pick<BuiltinCheck, 'command' | 'path'>;
  externalLines: Line[];
  /** From `option httpchk METHOD URI VERSION`: what `http-check send` lines complete. */
  request?: CheckRequest;
  /** The request of the defaults, once own lines have replaced it. */
  inheritedRequest?: CheckRequest;
  httpSteps: CheckStep[];
  tcpSteps: CheckStep[];
  /** The section's own lines behind the steps, for complaints about lines that are ignored. */
  httpLines: Line[];
  tcpLines: Line[];
  /** Whether the steps are still those of the defaults. */
  isHttpInherited: boolean;
  isTcpInherited: boolean;
}

/** What the pragma of a role check says of every server that has `check`. */
export type RoleProbe = Pick<Server, 'interMs' | 'rise' | 'fall' | 'checkPort' | 'checkAddr'>;

export interface CheckRequest {
  method: string;
  uri: string;
  version: string;
  headers: [string, string][];
  body?: string;
}

/** A `defaults`, `frontend`, `backend` or `listen` section; `defaults` hold a proxy that serves as a template. */
export interface ProxySection {
  readonly kind: Proxy['kind'] | 'defaults';
  readonly name: string;
  readonly proxy: Proxy;
  readonly defaultServer: ServerSettings;
  readonly check: CheckDraft;
  readonly diag: Diagnostics;
  /** Targets of `log global`. */
  readonly globalLogs: LogTarget[];
  /** Explicit `id` lines, so that others are numbered around them. */
  hasOwnId?: boolean;
  /** The rule of the latest kind so far (rule-order.ts). */
  latestRule?: { readonly rank: number; readonly line: Line };
  readonly header: Line;
  lastLine: number;
  /** `errorfiles` lines, and where among the pages those they name belong. */
  readonly errorFiles: ErrorFilesLine[];
  /** What the section begins with and its first own line replaces. */
  readonly inherited: { readonly statsPage?: StatsPage };
}

interface ErrorFilesLine {
  name: string;
  /** Empty: all pages of the section. */
  statuses: number[];
  at: number;
  line: Line;
}

/**
 * One proxy keyword. `in` says where it is allowed: `d` defaults, `n` named defaults only, `f` what has a frontend side,
 * `b` what has a backend side (manual §4.1).
 */
export interface ProxyKeyword {
  in: string;
  /** HAProxy ignores most lines on the wrong side with a warning; a few are fatal. */
  isFatalElsewhere?: boolean;
  read(line: Line, section: ProxySection): void;
}

export type ProxyKeywords = { readonly [name: string]: ProxyKeyword };

export const RUNS_LATER = 'does not run in this version';

/** Notes a line that parses and does not run. @param isDecisive see `Deferred` */
export function defer(line: Line, list: Deferred[], reason: string, isDecisive = false): void {
  list.push({ words: line.texts, reason, ...(isDecisive && { isDecisive: true as const }), loc: line.whole });
}

/** Remembers where a setting of the proxy was written. */
export function mark(section: ProxySection, field: string, line: Line): void {
  section.proxy.at ??= {};
  section.proxy.at[field] = line.whole;
}

/** Whether a keyword with these places may stand in the section; complains where not. */
export function isAllowed(places: string, line: Line, section: ProxySection, what: string, isFatal = false): boolean {
  if (section.kind === 'defaults') return isAllowedInDefaults(places, line, section, what);
  const hasPlace =
    (places.includes('f') && section.kind !== 'backend') || (places.includes('b') && section.kind !== 'frontend');
  if (hasPlace) return true;
  const side = section.kind === 'backend' ? 'frontend' : 'backend';
  const message = `'${what}' has no effect: ${section.kind} '${section.name}' has no ${side} side`;
  const remedy =
    what === 'maxconn' ? "write 'fullconn', or move it to the frontend" : `move it to a ${side} or listen section`;
  if (isFatal) line.error('wrong-section', 0, message, remedy);
  else line.warning('wrong-section', 0, message, remedy);
  return false;
}

function isAllowedInDefaults(places: string, line: Line, section: ProxySection, what: string): boolean {
  if (places.includes('d') || (places.includes('n') && section.name !== '')) return true;
  if (places.includes('n')) {
    line.error(
      'wrong-section',
      0,
      `'${what}' is not allowed in a defaults section without a name`,
      "write 'defaults NAME'",
    );
  } else {
    line.error('wrong-section', 0, `'${what}' is not allowed in a defaults section`, 'move it to a proxy section');
  }
  return false;
}

/** The unknown keyword, with the one that was probably meant. */
export function unknownKeyword(line: Line, where: string, known: Iterable<string>): void {
  const word = line.text(0);
  const remedy = replacementOf(word) ?? didYouMean(word, known, 'remove the line');
  line.error('unknown-keyword', 0, `unknown keyword '${word}' in ${where}`, remedy);
}

/** HAProxy reads past these words without a complaint; nobody meant them to do nothing. */
export function ignoreRest(line: Line, i: number): void {
  if (line.has(i))
    line.warning('ignored-argument', i, `'${line.text(i)}' is not read by '${line.text(0)}'`, 'remove it');
}
