/**
 * Takes bytes apart into lines, commands and words (management guide §9.3): `;` separates commands, a backslash takes
 * the meaning from the next character, ` <<` at the end of a line announces a payload that an empty line ends.
 */

/** Longest line with its payload, bytes; HAProxy's is tune.bufsize. */
const MAX_INPUT_BYTES = 16_384;

export interface Line {
  /** Words of each command. */
  readonly commands: string[][];
  /** Of the last command. */
  readonly payload?: string;
}

/** What the reader has for its caller next. */
export type Read =
  | { readonly kind: 'line'; readonly line: Line }
  /** A line of a payload was taken in; in interactive mode the next one is asked for. */
  | { readonly kind: 'more-payload' }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'too-long' };

export class LineReader {
  private buffer = '';
  private pending: { text: string; payload: string[] } | undefined;
  private payloadBytes = 0;

  /** @param chunk latin1: bytes are characters, so that no byte is ever invalid */
  push(chunk: string): void {
    this.buffer += chunk;
  }

  read(): Read {
    const end = this.buffer.indexOf('\n');
    if ((end < 0 ? this.buffer.length : end) + this.payloadBytes >= MAX_INPUT_BYTES) return { kind: 'too-long' };
    if (end < 0) return { kind: 'nothing' };
    const text = this.buffer.slice(0, end).replace(/\r$/, '');
    this.buffer = this.buffer.slice(end + 1);
    return this.pending ? this.takePayload(text) : this.takeLine(text);
  }

  private takeLine(text: string): Read {
    if (!/(^|[ \t])<<[ \t]*$/.test(text)) return { kind: 'line', line: { commands: splitCommands(text) } };
    this.pending = { text: text.replace(/<<[ \t]*$/, ''), payload: [] };
    this.payloadBytes = text.length;
    return { kind: 'more-payload' };
  }

  private takePayload(text: string): Read {
    const pending = this.pending!;
    if (text !== '') {
      pending.payload.push(text);
      this.payloadBytes += text.length + 1;
      return { kind: 'more-payload' };
    }
    this.pending = undefined;
    this.payloadBytes = 0;
    const payload = pending.payload.map((line) => `${line}\n`).join('');
    return { kind: 'line', line: { commands: splitCommands(pending.text), payload } };
  }
}

/** @returns the words of each command of a line; an empty command has none */
function splitCommands(text: string): string[][] {
  const commands: string[][] = [[]];
  let word: string | undefined;
  const flush = () => {
    if (word !== undefined) commands[commands.length - 1].push(word);
    word = undefined;
  };
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '\\' && i + 1 < text.length) word = (word ?? '') + text[++i];
    else if (c === ';') {
      flush();
      commands.push([]);
    } else if (c === ' ' || c === '\t' || c === '\0' || c === '\r') flush();
    else word = (word ?? '') + c;
  }
  flush();
  return commands;
}
