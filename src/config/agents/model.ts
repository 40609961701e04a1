/** The part of the model about check endpoints; `config/model.ts` names it for everybody. */
import type { Address, Located, RoleCheck } from '../model.js';

/** An address that answers pollers (HAProxy's `option httpchk`, F5, Consul, curl) with 200 or 503. */
export interface AgentEndpoint extends Located {
  name: string;
  /** In whose words it answers: those of the script of that name, of a built-in check, or of a program it runs. */
  kind: 'clustercheck' | 'pgsqlchk' | 'cmonhachk' | 'check' | 'program';
  address: Address & { kind: 'inet' };
  disabled?: boolean;
  /** Who may ask, as addresses and networks. Default everyone; an empty list is nobody. */
  onlyFrom?: string[];
  /** Who may not, whatever `onlyFrom` says. */
  noAccess?: string[];
  /** Most connections of one address, and of all, at the same time. */
  perSource?: number;
  maxconn?: number;
  /** More new connections in a second than this, and none is served for the pause (xinetd's `cps`). */
  connectionRate?: { perSecond: number; pauseMs: number };
  /** For this long an answer serves every poller. */
  shareMs?: number;
  /** Whoever asks hears an answer within this time. */
  timeoutMs?: number;
  /** Where the server is; `host` with a leading slash is the path of a unix socket. Default: where its own tools look. */
  target?: { host: string; port: number };
  /** Kinds clustercheck, pgsqlchk and check: what is asked. */
  check?: RoleCheck;
  /** While this file exists the answer is 503. */
  disabledFile?: string;
  /** clustercheck: an option file (`[client]`) with user, password, host, port, socket. */
  defaultsFile?: string;
  /** cmonhachk: how the controllers are listed. program: what is run. Never through a shell. */
  command?: string[];
  env?: { [name: string]: string };
  /** Whom `command` runs as; only root can change it. */
  user?: string;
  group?: string;
  /** cmonhachk: the addresses or names under which the list knows this host. Default: its own addresses. */
  nodes?: string[];
}
