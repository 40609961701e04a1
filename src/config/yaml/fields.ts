/** Tables of fields: which key of an object is which field of the model, and on which side of a proxy it counts. */
import type { z } from 'zod';
import type { Located, Server } from '../model.js';
import { type Codec, type Place, strict, type Written } from './codec.js';
import { isObject, type Plain } from './source.js';

/** Everything about a server that several may share. */
export type ServerSettings = Omit<Server, 'name' | 'id' | 'address' | 'portMode' | 'portOffset' | 'loc'>;

/** `f`: counts where there is a frontend side, `b`: where there is a backend side. */
export type Sides = 'f' | 'b' | 'fb';

/** One key and what becomes of it; `T` is the object of the model. */
export interface Field<T> {
  readonly key: string;
  /** Name of the field in the model: `at` is kept under it. */
  readonly name: string;
  readonly sides: Sides;
  readonly schema: z.ZodType;
  read(target: T, data: Plain, place: Place): void;
  /** Undefined where nothing is set. */
  write(from: T): Written | undefined;
}

/**
 * @param key as written in YAML
 * @param doc one sentence for editors, through the JSON Schema
 */
export function field<T, K extends keyof T & string>(
  key: string,
  name: K,
  codec: Codec<NonNullable<T[K]>>,
  doc: string,
  sides: Sides = 'fb',
): Field<T> {
  return {
    key,
    name,
    sides,
    schema: codec.schema.describe(doc),
    read: (target, data, place) => {
      const value = codec.read(data, place);
      if (value !== undefined) target[name] = value;
    },
    write: (from) => {
      const value = from[name];
      return value === undefined ? undefined : codec.write(value as NonNullable<T[K]>);
    },
  };
}

export function shapeOf<T>(fields: readonly Field<T>[]): z.ZodRawShape {
  return Object.fromEntries(fields.map(({ key, schema }) => [key, schema.optional()]));
}

/** Sets what is written, and where. */
export function readFields<T extends Located>(fields: readonly Field<T>[], target: T, data: Plain, place: Place): void {
  if (!isObject(data)) return;
  for (const { key, name, read } of fields) {
    if (data[key] === undefined) continue;
    read(target, data[key], place.child(key));
    target.at ??= {};
    target.at[name] = place.child(key).loc;
  }
}

export function writeFields<T>(fields: readonly Field<T>[], from: T): [string, Written][] {
  return fields.flatMap((each): [string, Written][] => {
    const written = each.write(from);
    return written === undefined ? [] : [[each.key, written]];
  });
}

/** An object of fields as a codec; `start` makes the object the fields are set in. */
export function record<T extends Located>(what: string, fields: readonly Field<T>[], start: () => T): Codec<T> {
  return {
    schema: strict(what, shapeOf(fields)),
    read: (data, place) => {
      const target = start();
      target.loc = place.loc;
      readFields(fields, target, data, place);
      return target;
    },
    write: (value) => new Map(writeFields(fields, value)),
  };
}
