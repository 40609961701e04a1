/** `fairlead schema`: the JSON Schema of fairlead.yaml, for editors; docs/schema holds the same text. */
import type { Command } from 'commander';
import { jsonSchema } from '../config/yaml/schema.js';

export function register(program: Command): void {
  program
    .command('schema')
    .description('print the JSON Schema of fairlead.yaml, for editors')
    .action(() => console.log(JSON.stringify(jsonSchema(), null, 2)));
}
