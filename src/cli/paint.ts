/** Diagnostics for people: as `Diagnostics` renders them, with colours where a person looks at them on a terminal. */
import type { Diagnostics } from '../config/diagnostics.js';

const RED = 31;
const YELLOW = 33;
const CYAN = 36;
const COLOURS: { readonly [severity: string]: number } = { error: RED, warning: YELLOW, notice: CYAN };

/** @param stream where it will be printed: a pipe or a file gets plain text, as does a terminal with NO_COLOR set */
export function paintDiagnostics(diagnostics: Diagnostics, stream: NodeJS.WriteStream): string {
  const text = diagnostics.renderAll();
  if (!stream.isTTY || process.env.NO_COLOR) return text;
  return text.split('\n').map(paintLine).join('\n');
}

function paintLine(line: string): string {
  const [, before, severity, message] = /^((?:[^|]*?:\d+:\d+: )?)(error|warning|notice): (.*)$/.exec(line) ?? [];
  if (severity !== undefined) return `\x1b[1m${before}${code(COLOURS[severity])}${severity}:\x1b[0m ${message}`;
  return /^ +\| *\^+$/.test(line) ? line.replace(/\^+/, (carets) => `${code(CYAN)}${carets}\x1b[0m`) : line;
}

function code(colour: number): string {
  return `\x1b[1;${colour}m`;
}
