// A node:test reporter that prints the run's totals and nothing else, as one line of JSON: {"pass":12,"fail":0,…}.
export default async function* totals(source) {
  const counts = {};
  for await (const event of source) {
    const summary = event.type === 'test:diagnostic' && /^(\w+) (\d+)$/.exec(event.data.message);
    // A test may print a diagnostic that looks the same; the runner's own come last and so win.
    if (summary && event.data.nesting === 0) counts[summary[1]] = Number(summary[2]);
  }
  yield `${JSON.stringify(counts)}\n`;
}
