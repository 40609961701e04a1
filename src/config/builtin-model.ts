/** What the model knows of HAProxy's own checks. */

/** HAProxy's own: `option mysql-check`, `pgsql-check`, `redis-check`, `smtpchk`, `ldap-check`, `ssl-hello-chk`, `external-check`. */
export type BuiltinType =
  | 'mysql-handshake'
  | 'pgsql-startup'
  | 'redis-ping'
  | 'smtp'
  | 'ldap'
  | 'ssl-hello'
  | 'external';

export interface BuiltinCheck {
  /** mysql-handshake: log in as this user, without a password; without one only the greeting is read. pgsql-startup. */
  user?: string;
  /** mysql-handshake: the login packet of clients before 4.1. */
  pre41?: boolean;
  /** smtp; default HELO, and `localhost`. */
  hello?: 'HELO' | 'EHLO';
  domain?: string;
  /** external: the program; its arguments and environment are HAProxy's. */
  command?: string;
  /** external: PATH in its environment. */
  path?: string;
}
