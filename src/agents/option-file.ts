/**
 * Option files of the MySQL and MariaDB clients: where the server is and who asks, as `mysql --defaults-extra-file` reads
 * it. Groups, comments, quotes, `!include` and `!includedir` as in the MariaDB manual, "Configuring with option files".
 */

export interface ClientOptions {
  user?: string;
  password?: string;
  host?: string;
  port?: number;
  socket?: string;
}

export interface Files {
  /** @returns undefined where there is no such file, or it may not be read */
  read(path: string): string | undefined;
  /** Names in a directory; none where there is no such directory. */
  list(path: string): string[];
}

/** What every client of this host reads first, on Debian and on Red Hat. */
const GLOBAL = ['/etc/my.cnf', '/etc/mysql/my.cnf'];
const GROUPS = ['client', 'mysql', 'client-server', 'client-mariadb', 'mariadb-client'];
/** Files may include each other; this ends it. */
const MAX_DEPTH = 8;

/** @param extra read last, so that it wins; like the global ones it may be missing */
export function readClientOptions(extra: string | undefined, files: Files): ClientOptions {
  const options: ClientOptions = {};
  const paths = [...new Set([...GLOBAL, ...(extra === undefined ? [] : [extra])])];
  // The extra file is read in its turn even where it is a global one.
  for (const path of paths) readInto(options, path, files, 0);
  return options;
}

function readInto(options: ClientOptions, path: string, files: Files, depth: number): void {
  const text = depth > MAX_DEPTH ? undefined : files.read(path);
  if (text === undefined) return;
  let isOurs = false;
  for (const line of text.split('\n').map((each) => each.trim())) {
    const [, group] = /^\[([^\]]+)\]/.exec(line) ?? [];
    const [, directive, target] = /^!(include|includedir)\s+(.+)$/.exec(line) ?? [];
    if (group !== undefined) isOurs = GROUPS.includes(group.trim());
    else if (directive === 'include') readInto(options, target.trim(), files, depth + 1);
    else if (directive === 'includedir') readDirectory(options, target.trim(), files, depth + 1);
    else if (isOurs) setOption(options, line);
  }
}

function readDirectory(options: ClientOptions, path: string, files: Files, depth: number): void {
  for (const name of files.list(path).sort())
    if (name.endsWith('.cnf')) readInto(options, `${path.replace(/\/$/, '')}/${name}`, files, depth);
}

function setOption(options: ClientOptions, line: string): void {
  const [, name, raw] = /^([A-Za-z][\w-]*)\s*=\s*(.*)$/.exec(line) ?? [];
  if (name === undefined) return;
  const value = valueOf(raw);
  switch (name.replace(/^loose[-_]/, '')) {
    case 'user':
    case 'password':
    case 'host':
    case 'socket':
      options[name as 'user'] = value;
      break;
    case 'port':
      if (/^\d{1,5}$/.test(value)) options.port = Number(value);
      break;
  }
}

const ESCAPES: { readonly [letter: string]: string } = { n: '\n', t: '\t', r: '\r', b: '\b', s: ' ', '\\': '\\' };

function valueOf(raw: string): string {
  const [, quote, quoted] = /^(["'])(.*)\1\s*(?:#.*)?$/.exec(raw) ?? [];
  const text = quote === undefined ? raw.replace(/\s+#.*$/, '').trim() : quoted;
  return text.replace(/\\(.)/g, (whole, letter: string) => ESCAPES[letter] ?? whole);
}
