/** Everything of a proxy's http settings that rules, replies and persistence need, compiled once at load. */
import type { Model, Proxy } from '../../../config/model.js';

/** Kept by a frontend or backend entity; made anew by each reload. */
export class HttpProgram {
  constructor(
    readonly proxy: Proxy,
    readonly model: Model,
  ) {}
}
