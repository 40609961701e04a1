/** Markup that cannot be broken by what is put into it: a template escapes every text, and only markup stays as it is. */

const ESCAPES: { readonly [character: string]: string } = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Markup, as against text. */
export class Html {
  constructor(readonly markup: string) {}
}

type Piece = Html | string | number | null | readonly Piece[];

/** `` html`<b>${text}</b>` ``: texts and numbers are escaped, markup and lists of it are kept, null is nothing. */
export function html(fixed: TemplateStringsArray, ...pieces: readonly Piece[]): Html {
  let markup = fixed[0];
  for (let i = 0; i < pieces.length; i++) markup += rendered(pieces[i]) + fixed[i + 1];
  return new Html(markup);
}

export const NOTHING = new Html('');

function rendered(piece: Piece): string {
  if (piece instanceof Html) return piece.markup;
  if (piece === null) return '';
  if (typeof piece === 'number') return String(piece);
  return typeof piece === 'string' ? escaped(piece) : piece.map(rendered).join('');
}

function escaped(text: string): string {
  return /[&<>"']/.test(text) ? text.replace(/[&<>"']/g, (character) => ESCAPES[character]) : text;
}
