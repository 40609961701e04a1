import type { Diagnostics } from '../diagnostics.js';
import type { ReadContext, Source } from '../haproxy/read.js';
import type { Model } from '../model.js';

export function readYaml(_sources: Source[], _diag: Diagnostics, _ctx: ReadContext, _model: Model): void {}
