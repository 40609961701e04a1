/** Files of maps that expressions name: read while the configuration is, so that a missing one is said in time. */
import { readFileSync } from 'node:fs';
import type { Diagnostics, Loc } from './diagnostics.js';
import { eachExpression } from './expressions.js';
import type { Model } from './model.js';

/** Puts the texts of all maps into the model, by name. Cost: one walk over the model. */
export function collectPatternFiles(model: Model, diag: Diagnostics): void {
  const places = new Map<string, Loc | undefined>();
  eachExpression(model.proxies, ({ converters }, loc) => {
    for (const { name, args } of converters)
      if (/^map(_|$)/.test(name) && args.length > 0 && !places.has(args[0])) places.set(args[0], loc);
  });
  model.patternFiles = [...places].sort(byName).flatMap(([name, loc]) => readMap(name, loc, diag));
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}

function readMap(name: string, loc: Loc | undefined, diag: Diagnostics): Model['patternFiles'] {
  try {
    return [{ name, text: readFileSync(name, 'utf8'), isMap: true }];
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    diag.error('unreadable-pattern-file', loc, `cannot read the map '${name}' (${reason})`, 'create it');
    return [];
  }
}
