/**
 * `set-map`, `del-map`, `add-acl`, `del-acl`: requests that change the contents of map and pattern files (manual §4.2).
 * The change holds here at once, and in the other workers as soon as the main thread has told them.
 */
import type { CommonAction } from '../../../config/http-model.js';
import type { PatternFiles } from '../../../core/expr/pattern-files.js';
import { compileFormat } from '../../../core/log-format/format.js';
import type { PatternChange } from '../../../core/messages.js';
import type { CommonStep } from './common-steps.js';
import { CONTINUE } from './outcome.js';

type Action = Extract<CommonAction, { do: 'set-map' | 'del-map' | 'add-acl' | 'del-acl' }>;

const CHANGES = { 'set-map': 'set', 'del-map': 'delete', 'add-acl': 'add', 'del-acl': 'delete' } as const;

export function compilePatternAction(action: Action): CommonStep {
  const key = compileFormat(action.key);
  const value = action.do === 'set-map' ? compileFormat(action.value) : () => '';
  return ({ worker }, context) => {
    const change = { do: CHANGES[action.do], file: action.file, key: key(context), value: value(context) };
    if (applyPatternChange(context.patternFiles, change))
      worker.tellMain({ type: 'pattern-change', index: worker.index, change });
    return CONTINUE;
  };
}

/** @returns false where everything is so already: requests that say the same again cost the others nothing */
export function applyPatternChange(files: PatternFiles, change: PatternChange): boolean {
  const file = files.get(change.file);
  const known = file.get(change.key);
  if (change.do === 'delete') return file.delete(change.key);
  if (known === undefined) file.add(change.key, change.value);
  else if (change.do === 'add' || known.value === change.value) return false;
  else file.set(change.key, change.value);
  return true;
}
