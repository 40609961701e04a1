/** `set-map`, `del-map`, `add-acl`, `del-acl`: requests that change the contents of map and pattern files (manual §4.2). */
import type { CommonAction } from '../../../config/http-model.js';
import type { CommonStep } from './common-steps.js';
import { CONTINUE } from './outcome.js';

type Action = Extract<CommonAction, { do: 'set-map' | 'del-map' | 'add-acl' | 'del-acl' }>;

export function compilePatternAction(_action: Action): CommonStep {
  return () => CONTINUE;
}
