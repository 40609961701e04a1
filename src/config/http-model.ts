/**
 * What mode http and stick tables add to the model (config/model.ts). Plain data; expressions, formats and regular
 * expressions are kept as text and compiled where they run, by `core/expr` and `core/log-format`.
 */
import type { Condition, Located, LogLevel } from './model.js';

/** A sample fetch and its converters: `hdr(host),lower` (manual §7.3). */
export interface Expression {
  fetch: string;
  args: string[];
  converters: { name: string; args: string[] }[];
}

/** A log-format string (manual §8.2.6): literal text, `%alias`, `%[expression]`. */
export type Format = string;

/** `http-request`, `http-response`, `http-after-response` and `redirect` lines, in order (manual §4.2). */
export interface HttpRule extends Located {
  on: 'request' | 'response' | 'after-response';
  action: HttpAction;
  condition?: Condition;
}

export type HttpAction =
  | { do: 'allow' }
  | { do: 'deny' | 'tarpit' | 'return'; reply: Reply }
  /** `http-request redirect`; `isLate` is the `redirect` line, which runs after all http-request rules. */
  | { do: 'redirect'; redirect: Redirect; isLate?: true }
  | { do: 'auth'; realm?: string }
  | { do: 'add-header' | 'set-header' | 'early-hint'; name: string; value: Format }
  | { do: 'del-header'; name: string; match?: 'str' | 'beg' | 'end' | 'sub' | 'reg' }
  | { do: 'replace-header' | 'replace-value'; name: string; regex: string; value: Format }
  | { do: 'replace-path' | 'replace-pathq' | 'replace-uri'; regex: string; value: Format }
  | { do: 'set-method' | 'set-path' | 'set-pathq' | 'set-query' | 'set-uri'; value: Format }
  | { do: 'set-status'; status: number; reason?: string }
  | {
      do: 'normalize-uri';
      normalizer:
        | 'fragment-encode'
        | 'fragment-strip'
        | 'path-merge-slashes'
        | 'path-strip-dot'
        | 'path-strip-dotdot'
        | 'percent-decode-unreserved'
        | 'percent-to-uppercase'
        | 'query-sort-by-name';
      /** `full` of path-strip-dotdot, `strict` of the percent normalizers. */
      isFull?: true;
      isStrict?: true;
    }
  | { do: 'wait-for-body'; timeMs: number; atLeastBytes?: number }
  | { do: 'set-timeout'; which: 'server' | 'tunnel'; ms?: number; expression?: Expression }
  | { do: 'strict-mode'; isOn: boolean }
  | { do: 'use-service'; service: 'prometheus-exporter' }
  | { do: 'disable-l7-retry' }
  | CommonAction;

/** Actions of http rules and of tcp-request and tcp-response rules alike. */
export type CommonAction =
  | { do: 'reject' }
  /** `rst-ttl N` is kept and noted: the connection is dropped without it. */
  | { do: 'silent-drop' }
  | { do: 'set-var'; variable: string; expression: Expression; conditions?: VarCondition[] }
  | { do: 'set-var-fmt'; variable: string; value: Format; conditions?: VarCondition[] }
  | { do: 'unset-var'; variable: string }
  /** Into the slot `id`: readers turn `len N` into a slot of its own. */
  | { do: 'capture'; expression: Expression; length?: number; id?: number }
  | { do: 'set-log-level'; level: LogLevel | 'silent' }
  /** `set-nice` has no effect here and is noted. */
  | { do: 'set-nice'; nice: number }
  | { do: 'set-mark' | 'set-tos'; value: number }
  | { do: 'set-src' | 'set-dst' | 'set-src-port' | 'set-dst-port'; expression: Expression }
  | { do: 'set-priority-class' | 'set-priority-offset'; expression: Expression }
  | { do: 'set-map'; file: string; key: Format; value: Format }
  | { do: 'del-map' | 'add-acl' | 'del-acl'; file: string; key: Format }
  | { do: 'track-sc'; counter: number; key: Expression; table?: string }
  | { do: 'sc-inc-gpc'; index: number; counter: number }
  | { do: 'sc-add-gpc'; index: number; counter: number; value?: number; expression?: Expression }
  | { do: 'sc-set-gpt'; index: number; counter: number; value?: number; expression?: Expression };

type VarCondition = 'ifexists' | 'ifnotexists' | 'ifempty' | 'ifnotempty' | 'ifset' | 'ifnotset' | 'ifgt' | 'iflt';

/**
 * Without a body, `raw` or the name of a page it is an empty answer with its headers. `deny` and `tarpit` alone, or with
 * nothing but `deny_status`, have `isDefaultErrorFiles`.
 * `status CODE content-type TYPE string|lf-string|file|lf-file|errorfile|errorfiles|default-errorfiles hdr …`.
 */
export interface Reply {
  status?: number;
  contentType?: string;
  /** Contents of files are read while reading the configuration: `text` is latin1, one character a byte. */
  body?: { kind: 'text'; text: string } | { kind: 'format'; value: Format };
  headers?: { name: string; value: Format }[];
  /** A whole message as an errorfile holds it, latin1. */
  raw?: string;
  /** Name of an `http-errors` section whose page of the status is used. */
  errorFiles?: string;
  isDefaultErrorFiles?: true;
  /** Where `body` or `raw` was read from. */
  file?: string;
}

export interface Redirect {
  kind: 'location' | 'prefix' | 'scheme';
  value: Format;
  code: 301 | 302 | 303 | 307 | 308;
  dropsQuery?: true;
  appendsSlash?: true;
  ignoresEmpty?: true;
  /** `set-cookie NAME[=VALUE]`, `clear-cookie NAME[=]`. */
  setCookie?: string;
  clearCookie?: string;
}

/** `http-errors NAME` sections: pages by status. */
export interface HttpErrors extends Located {
  name: string;
  pages: ErrorPage[];
}

/** `errorfile`, `errorloc*`, `http-error`: what is sent in place of the built-in page of a status. */
export interface ErrorPage extends Located {
  status: number;
  /** Exactly one of these. */
  raw?: string;
  location?: { url: string; code: 302 | 303 };
  reply?: Reply;
  /** Where `raw` was read from. */
  file?: string;
}

/** What only mode http uses of a proxy. */
export interface HttpSettings {
  /** `option http-keep-alive` (the default), `http-server-close`, `httpclose`. */
  connectionMode?: 'keep-alive' | 'server-close' | 'close';
  reuse?: 'never' | 'safe' | 'aggressive' | 'always';
  forwardFor?: { header?: string; except?: string; ifNone?: true } | false;
  originalTo?: { header?: string; except?: string } | false;
  /** RFC 7239 (3.x `option forwarded`), its words after the keyword. */
  forwarded?: string[] | false;
  rules: HttpRule[];
  errorPages: ErrorPage[];
  monitorUri?: string;
  monitorFail: Condition[];
  /** `capture request|response header NAME len N`, and slots of `declare capture` (no name). */
  requestCaptures: Capture[];
  responseCaptures: Capture[];
  captureCookie?: { name: string; isPrefix?: true; length: number };
  cookie?: PersistenceCookie;
  /** `dynamic-cookie-key`: what dynamic cookie values are made from. */
  dynamicCookieKey?: string;
  statsPage?: StatsPage;
  /** `retry-on`: `none`, `conn-failure`, `empty-response`, `junk-response`, `response-timeout`, `0rtt-rejected`, statuses. */
  retryOn?: string[];
  uniqueIdFormat?: Format;
  uniqueIdHeader?: string;
  sendNameHeader?: string;
  errorLogFormat?: Format;
  maxKeepAliveQueue?: number;
  /** Plain `option` lines. */
  acceptInvalidRequest?: boolean;
  acceptInvalidResponse?: boolean;
  bufferRequest?: boolean;
  idleCloseOnResponse?: boolean;
  ignoreProbes?: boolean;
  noDelay?: boolean;
  pretendKeepalive?: boolean;
  useProxyHeader?: boolean;
  useHtx?: boolean;
  restrictReqHdrNames?: 'preserve' | 'delete' | 'reject';
  disableH2Upgrade?: boolean;
}

export interface Capture extends Located {
  name?: string;
  length: number;
}

/** `cookie NAME …` in a backend. */
export interface PersistenceCookie extends Located {
  name: string;
  mode: 'rewrite' | 'insert' | 'prefix' | 'passive';
  isIndirect?: true;
  noCache?: true;
  onlyPost?: true;
  preserves?: true;
  httpOnly?: true;
  secure?: true;
  isDynamic?: true;
  domains?: string[];
  maxIdleS?: number;
  maxLifeS?: number;
  attributes?: string[];
}

/** `stats …` of a proxy; present when the page is served. */
export interface StatsPage extends Located {
  uri: string;
  realm: string;
  /** Seconds; 0 none. */
  refreshS: number;
  /** `stats auth USER:PASSWORD`, clear text. */
  users: { name: string; password: string }[];
  /** `stats http-request allow|deny|auth`, in order, before the implicit ones of `stats auth`. */
  rules: { action: 'allow' | 'deny' | 'auth'; realm?: string; condition?: Condition }[];
  /** `stats admin if …`: any that holds makes the visitor an administrator. */
  admin: Condition[];
  /** Proxies shown; '.' is the own one; empty shows all. */
  scope: string[];
  hidesVersion?: true;
  showsLegends?: true;
  showsModules?: true;
  /** `show-node [NAME]`, `show-desc [TEXT]`; '' = that of the global section. */
  node?: string;
  description?: string;
}

export type StickType = 'ip' | 'ipv6' | 'integer' | 'string' | 'binary';

export interface StickTable extends Located {
  type: StickType;
  /** Longest key in bytes, for string and binary (default 32). */
  keyLength?: number;
  size: number;
  expireMs?: number;
  noPurge?: true;
  peers?: string;
  /** `store`: names of the manual, rates with their period. */
  store: StickStore[];
}

export interface StickStore {
  /** `conn_cnt`, `conn_rate`, `gpc0`, `gpc` (array), `gpt0`, `server_id` … */
  name: string;
  periodMs?: number;
  /** Elements of gpc, gpc_rate and gpt arrays. */
  elements?: number;
}

/** `stick on|match|store-request|store-response EXPRESSION [table T] [if …]`. */
export interface StickRule extends Located {
  kind: 'on' | 'match' | 'store-request' | 'store-response';
  key: Expression;
  table?: string;
  condition?: Condition;
}
