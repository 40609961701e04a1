/** Pieces of Prometheus' text format 0.0.4. */

export function heading(name: string, help: string, type: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

/** The value of a label, without its quotes. */
export function quoted(value: string | number | undefined): string {
  return String(value).replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n');
}
