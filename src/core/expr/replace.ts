/** Replacing what a regular expression matches, with `\1` … `\9` for its groups and `\0` for the whole (manual §4.2). */

/**
 * @param expression with the flag g; its `lastIndex` is not used
 * @param all every match, or the first alone
 */
export function replaceMatches(expression: RegExp, text: string, replacement: string, all: boolean): string {
  let out = '';
  let at = 0;
  expression.lastIndex = 0;
  for (let match = expression.exec(text); match !== null; match = expression.exec(text)) {
    out += text.slice(at, match.index) + fillGroups(replacement, match);
    at = match.index + match[0].length;
    if (!all || (match[0] === '' && at >= text.length)) break;
    // An empty match is followed by one character as it is.
    if (match[0] === '') {
      out += text[at++];
      expression.lastIndex = at;
    }
  }
  return out + text.slice(at);
}

/** `\N` is a group of the match, `\xHH` a byte; any other character behind a backslash is itself. */
export function fillGroups(replacement: string, match: readonly (string | undefined)[]): string {
  if (!replacement.includes('\\')) return replacement;
  return replacement.replace(/\\(?:x([0-9a-fA-F]{2})|(.))/gs, (_, hex: string | undefined, c: string) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    return c >= '0' && c <= '9' ? (match[Number(c)] ?? '') : c;
  });
}
