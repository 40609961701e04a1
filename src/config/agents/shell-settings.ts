/** `/etc/sysconfig/clustercheck` and its kin: lines `NAME=value` that a shell script reads with `.`. */
import type { Diagnostics, Loc } from '../diagnostics.js';

export interface Setting {
  readonly name: string;
  readonly value: string;
  readonly loc: Loc;
}

const ASSIGNMENT = /^(\s*(?:export\s+|readonly\s+)?)([A-Za-z_]\w*)=(.*)$/;

/** What needs a shell to be understood is a warning; later lines win, as in the shell. */
export function readShellSettings(file: string, text: string, diag: Diagnostics): Setting[] {
  return text.split('\n').flatMap((line, i) => {
    if (/^\s*(#.*)?$/.test(line)) return [];
    const loc = { file, line: i + 1, col: line.search(/\S/) + 1, len: line.trim().length };
    const [, before, name, raw] = ASSIGNMENT.exec(line.replace(/\r$/, '')) ?? [];
    const value = name === undefined ? undefined : wordOf(raw);
    if (name !== undefined && /PASS|SECRET|TOKEN/i.test(name))
      diag.hide({ ...loc, col: line.indexOf('=') + 2, len: raw.length });
    if (name !== undefined && value !== undefined)
      return [{ name, value, loc: { ...loc, col: before.length + 1, len: name.length } }];
    diag.warning('shell-code', loc, 'this line needs a shell, and none is run', "write 'NAME=value'");
    return [];
  });
}

/** One quoted text or one bare word; undefined where a shell would put something in its place. */
function wordOf(raw: string): string | undefined {
  const [, single] = /^'([^']*)'\s*(?:[;#].*)?$/.exec(raw) ?? [];
  if (single !== undefined) return single;
  const [, double] = /^"((?:[^"\\$`]|\\.)*)"\s*(?:[;#].*)?$/.exec(raw) ?? [];
  if (double !== undefined) return double.replace(/\\(["\\$`])/g, '$1');
  const [, bare] = /^((?:[^\s"'\\$`;|&<>()]|\\.)*)\s*(?:;|\s#.*)?$/.exec(raw) ?? [];
  return bare?.replace(/\\(.)/g, '$1');
}
