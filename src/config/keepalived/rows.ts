/**
 * Text that knows where it stands, also after parameters were put in its place: a row is a logical line, made of pieces
 * of the files. Comments end here (keepalived.conf(5), "DESCRIPTION" and "Quoted strings").
 */
import type { Loc } from '../diagnostics.js';

/** Characters that stand one behind the other in a file; with `len`, all of them stand for one word of it. */
interface Piece {
  readonly text: string;
  readonly file: string;
  readonly line: number;
  readonly col: number;
  readonly len?: number;
}

export class Row {
  readonly text: string;

  constructor(private readonly pieces: readonly Piece[]) {
    this.text = pieces.map((piece) => piece.text).join('');
  }

  static of(text: string, file: string, line: number): Row {
    return new Row([{ text, file, line, col: 1 }]);
  }

  /** Text of another language, all of it at one place. */
  static at(text: string, { file, line, col, len }: Loc): Row {
    return new Row([{ text, file, line, col, len }]);
  }

  static joined(rows: readonly Row[]): Row {
    return new Row(rows.flatMap((row) => row.pieces));
  }

  /** The same place for other text. */
  standIn(text: string, from: number, to: number): Row {
    const { file, line, col, len } = this.locate(from, to);
    return new Row([{ text, file, line, col, len }]);
  }

  slice(from: number, to = this.text.length): Row {
    const kept: Piece[] = [];
    let offset = 0;
    for (const piece of this.pieces) {
      const [start, end] = [Math.max(from, offset), Math.min(to, offset + piece.text.length)];
      const col = piece.len === undefined ? piece.col + start - offset : piece.col;
      if (end > start) kept.push({ ...piece, col, text: piece.text.slice(start - offset, end - offset) });
      offset += piece.text.length;
    }
    return kept.length > 0 ? new Row(kept) : this.empty();
  }

  trimmed(): Row {
    const lead = this.text.length - this.text.trimStart().length;
    return this.slice(lead, Math.max(lead, this.text.trimEnd().length));
  }

  locate(from: number, to: number): Loc {
    let offset = 0;
    let last: Piece = this.pieces[0];
    for (const piece of this.pieces) {
      const within = from - offset;
      if (within < piece.text.length) {
        const { file, line } = piece;
        if (piece.len !== undefined) return { file, line, col: piece.col, len: piece.len };
        const len = Math.max(1, Math.min(to - from, piece.text.length - within));
        return { file, line, col: piece.col + within, len };
      }
      offset += piece.text.length;
      last = piece;
    }
    return {
      file: last.file,
      line: last.line,
      col: last.col + (last.len === undefined ? last.text.length : 0),
      len: 1,
    };
  }

  private empty(): Row {
    return new Row([{ ...this.pieces[0], text: '' }]);
  }
}

/** Where a comment begins, or the end of the text: `#` and `!` count outside quotes, wherever they stand. */
export function commentAt(text: string): number {
  let quote = '';
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '\\') i++;
    else if (quote !== '') quote = c === quote ? '' : quote;
    else if (c === '"' || c === "'") quote = c;
    else if (c === '#' || c === '!') return i;
  }
  return text.length;
}
