/** Aligned tables for people: text to the left, figures to the right. */

/** @param rows cells as text; a column whose every cell below the header is a figure is right-aligned */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
  const figures = header.map((_, i) => rows.every((row) => /^([-+]?[\d.,]+( ?[×%]| [a-zµ]+)?|-|)$/i.test(row[i])));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (figures[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  ')
      .trimEnd();
  return [line(header), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n');
}
