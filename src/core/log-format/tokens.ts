/** A format string cut into literal text, `%{flags}alias` and `%{flags}[expression]`. */
import { parseExpression } from '../expr/parse-expression.js';

export interface Flags {
  readonly quote: boolean;
  readonly hex: boolean;
  readonly escape: boolean;
}

export interface Token {
  /** `text` is the literal, the name of the alias, the expression, or what is wrong. */
  readonly kind: 'text' | 'alias' | 'sample' | 'problem';
  readonly text: string;
  readonly offset: number;
  readonly length: number;
  /** The flags in force for it, of those that `%o` has set. */
  readonly flags: (inherited: Flags) => Flags;
}

const VERBATIM = "to write the '%' character itself, use '%%'";

export function readTokens(text: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length; ) {
    const token = text[at] === '%' ? variableAt(text, at) : literalAt(text, at);
    tokens.push(token);
    at += token.length;
  }
  return tokens;
}

const none = (inherited: Flags) => inherited;

function literalAt(text: string, from: number): Token {
  const end = text.indexOf('%', from);
  const literal = end < 0 ? text.slice(from) : text.slice(from, end);
  return { kind: 'text', text: literal, offset: from, length: literal.length, flags: none };
}

function variableAt(text: string, from: number): Token {
  if (text[from + 1] === '%') return { kind: 'text', text: '%', offset: from, length: 2, flags: none };
  const [whole, written] = /^%-?(?:\{([^}]*)\})?/.exec(text.slice(from))!;
  const flags = written === undefined ? none : (inherited: Flags) => withFlags(written, inherited);
  const at = from + whole.length;
  if (text[at] === '[') return sampleAt(text, from, at, flags);
  const [name] = /^[A-Za-z]+/.exec(text.slice(at)) ?? [];
  if (name !== undefined) return { kind: 'alias', text: name, offset: from, length: whole.length + name.length, flags };
  return problemAt(text, from, whole.length + (written === undefined ? 1 : 0), complaint(text, at, whole, written));
}

function sampleAt(text: string, from: number, bracket: number, flags: Token['flags']): Token {
  const parsed = parseExpression(text, bracket + 1, ']');
  if (parsed !== undefined)
    return {
      kind: 'sample',
      text: text.slice(bracket + 1, parsed.next - 1),
      offset: from,
      length: parsed.next - from,
      flags,
    };
  const close = text.indexOf(']', bracket);
  if (close < 0) return problemAt(text, from, 2, "the expression after '%[' has no closing ']'");
  const inside = text.slice(bracket + 1, close);
  return problemAt(text, from, close + 1 - from, `'${inside}' is not a sample expression`);
}

function problemAt(text: string, from: number, length: number, message: string): Token {
  return { kind: 'problem', text: message, offset: from, length: Math.min(length, text.length - from), flags: none };
}

function complaint(text: string, at: number, whole: string, written: string | undefined): string {
  if (text[at] === '{') return "the flags after '%{' have no closing '}'";
  if (written !== undefined) return `'${whole}' has flags and no variable`;
  return `'%' without the name of a variable; ${VERBATIM}`;
}

function withFlags(text: string, inherited: Flags): Flags {
  let { quote, hex, escape } = inherited;
  for (const part of text.split(',')) {
    const isOn = !part.trim().startsWith('-');
    const letter = part.trim().slice(-1);
    if (letter === 'Q') quote = isOn;
    if (letter === 'X') hex = isOn;
    if (letter === 'E') escape = isOn;
  }
  return { quote, hex, escape };
}
