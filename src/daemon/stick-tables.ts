/** The memory of stick tables: made when a table is new or changes its shape, kept as long as it stays the same. */
import type { Model } from '../config/model.js';
import { createStickMemory, StickStore } from '../core/stick/store.js';
import { stickLayouts } from '../core/stick/tables.js';

export class StickTables {
  readonly stores = new Map<string, StickStore>();
  memory: { [proxy: string]: SharedArrayBuffer } = {};

  /** Called with every configuration before it is handed to the workers. */
  use(model: Model): void {
    const layouts = stickLayouts(model);
    for (const name of this.stores.keys()) if (!layouts.has(name)) this.stores.delete(name);
    const memory: { [proxy: string]: SharedArrayBuffer } = {};
    for (const [name, layout] of layouts) {
      const known = this.stores.get(name);
      const stays = known !== undefined && JSON.stringify(known.layout) === JSON.stringify(layout);
      memory[name] = stays ? this.memory[name] : createStickMemory(layout);
      if (!stays) this.stores.set(name, new StickStore(layout, memory[name]));
    }
    this.memory = memory;
  }
}
