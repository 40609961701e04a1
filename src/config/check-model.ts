/** How servers are checked: the part of the model (config/model.ts) that every kind of check is described in. */
import type { BuiltinCheck, BuiltinType } from './builtin-model.js';
import type { Located } from './model.js';

/** How the servers of a backend are checked; the script form is what every type compiles to (manual, `tcp-check`). */
export interface CheckSpec extends Located {
  /** `tcp`: connect only. `http`: `option httpchk`. `script`: `option tcp-check`. */
  type: 'tcp' | 'http' | 'script' | 'role' | BuiltinType;
  steps: CheckStep[];
  /** With a BuiltinType: its details; `steps` is empty then. */
  builtin?: BuiltinCheck;
  /** With type `role`: what is asked over a held session; `steps` is empty then. */
  role?: RoleCheck;
  disableOn404?: boolean;
  sendState?: boolean;
}

/** Where a password comes from; the text itself stays out of the model unless it was written in the file. */
export type Secret =
  | { from: 'env'; name: string }
  /** With `key`: the value of that key in a JSON file or in one of `KEY=value` lines. */
  | { from: 'file'; path: string; key?: string }
  | { from: 'text'; text: string };

/** A built-in check that knows the role of a database; it asks over a session that is held between checks. */
export interface RoleCheck extends Located {
  kind: 'galera' | 'mysql' | 'postgres' | 'redis' | 'patroni' | 'exec';
  /** What a server must be to take traffic; `any` = usable in either role. Default primary (galera: any synced node). */
  want?: 'primary' | 'replica' | 'any';
  /** Replicas further behind are unfit. */
  maxLagMs?: number;
  maxLagBytes?: number;
  /** Readers: the primary serves when no replica is fit (`want: replica`). */
  primaryAsFallback?: boolean;
  user?: string;
  password?: Secret;
  database?: string;
  /** Default `prefer`: TLS where the server offers it, without verification unless `tlsCa` is set. */
  tls?: 'off' | 'prefer' | 'require';
  tlsCa?: string;
  /** Galera policy (clustercheck's settings): a donor or read-only node may take traffic. Default no. */
  acceptDonor?: boolean;
  acceptReadOnly?: boolean;
  /** patroni: REST port, default 8008. Others: the server's own port unless `checkPort` says otherwise. */
  restPort?: number;
  /** exec: program and arguments; environment as HAProxy's external-check. Exit status 0 = fit. */
  command?: string[];
  /** Time for one answer, connecting included. Default: the interval. */
  timeoutMs?: number;
}

export interface TextMatch {
  method: 'str' | 'beg' | 'end' | 'sub' | 'reg';
  text: string;
}

export type CheckStep =
  | {
      do: 'connect';
      port?: number;
      addr?: string;
      sendProxy?: boolean;
      linger?: boolean;
      /** Connect to the server's own check port (`default`). */
      useDefault?: boolean;
      comment?: string;
    }
  /** A step of its own: it is counted, and tells what the next one, or a run of expects, is about. */
  | { do: 'comment'; comment?: string }
  /** Bytes as a latin1 string (binary sends are decoded while reading). */
  | { do: 'send'; data: string; comment?: string }
  | {
      do: 'http-send';
      method: string;
      uri: string;
      version: string;
      headers: [string, string][];
      body?: string;
      comment?: string;
    }
  | {
      do: 'expect';
      negate: boolean;
      /** `status`: ranges such as `200-399`; the r-forms are regular expressions; `header` has its own pattern text. */
      match: 'status' | 'rstatus' | 'string' | 'rstring' | 'binary' | 'rbinary' | 'header';
      pattern: string;
      /** For `header` (`hdr` and `fhdr`): what to look for; `full` does not split the value at commas. */
      header?: { full: boolean; name: TextMatch; value?: TextMatch };
      minRecv?: number;
      okStatus?: string;
      errorStatus?: string;
      timeoutStatus?: string;
      onSuccess?: string;
      onError?: string;
      statusCode?: string;
      comment?: string;
    };
