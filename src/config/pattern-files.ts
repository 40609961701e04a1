/** Files of maps that expressions name: read while the configuration is, so that a missing one is said in time. */
import { readFileSync } from 'node:fs';
import { mapProblem } from '../core/expr/converters/maps.js';
import { PatternFiles } from '../core/expr/pattern-files.js';
import type { Diagnostics, Loc } from './diagnostics.js';
import { eachExpression } from './expressions.js';
import type { Model } from './model.js';

/** Puts the texts of all maps into the model, by name. Cost: one walk over the model. */
export function collectPatternFiles(model: Model, diag: Diagnostics): void {
  const places = new Map<string, Loc | undefined>();
  const uses: { converter: string; name: string; loc: Loc | undefined }[] = [];
  eachExpression(model.proxies, ({ converters }, loc) => {
    for (const { name, args } of converters) {
      if (!/^map(_|$)/.test(name) || args.length === 0) continue;
      uses.push({ converter: name, name: args[0], loc });
      if (!places.has(args[0])) places.set(args[0], loc);
    }
  });
  model.patternFiles = [...places].sort(byName).flatMap(([name, loc]) => readMap(name, loc, diag));
  checkContents(model, uses, diag);
}

/** What a map has must be what its converter matches and gives; each file is complained of once for each converter. */
function checkContents(
  model: Model,
  uses: readonly { converter: string; name: string; loc: Loc | undefined }[],
  diag: Diagnostics,
): void {
  const files = new PatternFiles();
  const said = new Set<string>();
  for (const { name, text } of model.patternFiles) files.load(name, text, true);
  for (const { converter, name, loc } of uses) {
    const problem = said.has(`${converter} ${name}`) ? null : mapProblem(converter, files.get(name).all);
    said.add(`${converter} ${name}`);
    if (problem !== null)
      diag.error('bad-map', loc, `the map '${name}' is no map for '${converter}': ${problem}`, 'correct the file');
  }
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
