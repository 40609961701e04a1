/** Option files of the client, as the MariaDB manual describes them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readClientOptions } from '../../src/agents/option-file.js';

/** @param files path to text; a path that ends in a slash is a directory of those below it */
function read(files: { readonly [path: string]: string }, extra?: string) {
  return readClientOptions(extra, {
    read: (path) => files[path],
    list: (path) =>
      Object.keys(files)
        .filter((each) => each.startsWith(path.replace(/\/?$/, '/')))
        .map((each) => each.slice(path.replace(/\/?$/, '/').length)),
  });
}

const EXTRA = '/etc/check.cnf';

// what, text of the extra file, options
for (const [what, text, expected] of [
  ['the group of all clients', '[client]\nuser=a\npassword=b\n', { user: 'a', password: 'b' }],
  ['spaces and comments', '# c\n; c\n[client]\n  user = a  # why\n', { user: 'a' }],
  ['quotes keep what is in them', `[client]\npassword="a # b"\nuser='c d'\n`, { password: 'a # b', user: 'c d' }],
  ['escapes', '[client]\npassword=a\\sb\\\\c\n', { password: 'a b\\c' }],
  ['other groups are for others', '[mysqld]\nuser=mysql\nport=1\n[mysqldump]\nuser=x\n', {}],
  ['the last one wins', '[client]\nuser=a\n[mysql]\nuser=b\n', { user: 'b' }],
  [
    'where the server is',
    '[client]\nhost=db1\nport=3307\nsocket=/run/x\n',
    { host: 'db1', port: 3307, socket: '/run/x' },
  ],
  ['options of no use', '[client]\nssl\nconnect_timeout=5\nport=abc\n', {}],
  ['no option file at all', '\x00\x01\x02 = [[', {}],
] as const)
  test(what, () => assert.deepEqual(read({ [EXTRA]: text }, EXTRA), expected));

test('global files first, then the extra one; includes in their place', () => {
  const files = {
    '/etc/mysql/my.cnf': '[client-server]\nsocket=/run/mysqld/mysqld.sock\nport=1\n!includedir /etc/mysql/conf.d/\n',
    '/etc/mysql/conf.d/b.cnf': '[client]\nuser=late\n',
    '/etc/mysql/conf.d/a.cnf': '[client]\nuser=early\npassword=kept\n',
    '/etc/mysql/conf.d/c.bak': '[client]\nuser=never\n',
    '/etc/check.cnf': '!include /etc/more.cnf\n',
    '/etc/more.cnf': '[client]\nport=2\n!include /etc/more.cnf\n',
  };
  const expected = { socket: '/run/mysqld/mysqld.sock', port: 2, user: 'late', password: 'kept' };
  assert.deepEqual(read(files, EXTRA), expected);
});
