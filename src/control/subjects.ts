/**
 * What an operator named, `BACKEND`, `BACKEND/SERVER` or a virtual router, and the near miss where there is none of that
 * name.
 */
import { hasBackend } from '../config/defaults.js';
import type { Model, Proxy, Server } from '../config/model.js';
import { didYouMean, nearest } from '../config/suggest.js';

export interface Subject {
  readonly proxy: Proxy;
  /** Undefined for the whole backend. */
  readonly server?: Server;
}

export type FoundSubject =
  | { readonly ok: true; readonly value: Subject }
  | { readonly ok: false; readonly why: string };

/** A backend, a server, or the name of a virtual router or sync group. */
export type Named = Subject | { readonly vip: string };

export type FoundNamed = { readonly ok: true; readonly value: Named } | { readonly ok: false; readonly why: string };

/** For what virtual routers have as servers do: events, a story. A backend of that name is meant first. */
export function findNamed(model: Model, text: string): FoundNamed {
  const found = findSubject(model, text);
  const names = vipNames(model);
  if (found.ok || names.length === 0) return found;
  if (names.includes(text)) return { ok: true, value: { vip: text } };
  return nearest(text, names) === undefined ? found : { ok: false, why: unknownVip(model, text) };
}

/** Instances and sync groups. */
function vipNames({ vips }: Model): string[] {
  return [...(vips?.instances ?? []), ...(vips?.groups ?? [])].map(({ name }) => name);
}

/** @param text no name of a virtual router @returns what to say of that */
export function unknownVip(model: Model, text: string): string {
  const names = vipNames(model);
  return `there is no virtual router '${text}'; ${didYouMean(text, names, `there is ${names.slice(0, 8).join(', ') || 'none'}`)}`;
}

/** @param text names, or numbers as `#3/#1` */
export function findSubject({ proxies }: Model, text: string): FoundSubject {
  const backends = proxies.filter(hasBackend);
  const slash = text.indexOf('/');
  const [backend, name] = slash < 0 ? [text, undefined] : [text.slice(0, slash), text.slice(slash + 1)];
  const proxy = backends.find((p) => isNamed(p, backend));
  if (proxy === undefined) return { ok: false, why: noBackend(text, backend, backends) };
  if (name === undefined) return { ok: true, value: { proxy } };
  const server = proxy.servers.find((s) => isNamed(s, name));
  if (server !== undefined) return { ok: true, value: { proxy, server } };
  const names = proxy.servers.map((s) => s.name);
  const hint = didYouMean(name, names, names.length > 0 ? `it has ${names.slice(0, 8).join(', ')}` : 'it has none');
  return { ok: false, why: `backend '${backend}' has no server '${name}'; ${qualified(hint, proxy.name)}` };
}

function isNamed(thing: { name: string; id: number }, text: string): boolean {
  return text.startsWith('#') ? thing.id === Number(text.slice(1)) : thing.name === text;
}

/** `did you mean 'db1'?` is to be pasted: `did you mean 'pg/db1'?` */
function qualified(hint: string | undefined, backend: string): string {
  return (hint ?? '').replace(/^did you mean '/, `did you mean '${backend}/`);
}

/** Somebody may have written the server alone. */
function noBackend(text: string, backend: string, backends: readonly Proxy[]): string {
  const bare = backends.flatMap((p) => p.servers.filter((s) => s.name === text).map((s) => `${p.name}/${s.name}`));
  if (bare.length > 0) return `there is no backend '${text}'; did you mean '${bare.slice(0, 4).join("' or '")}'?`;
  const names = backends.map((p) => p.name);
  return `there is no backend '${backend}'; ${didYouMean(backend, names, `there is ${names.slice(0, 8).join(', ') || 'none'}`)}`;
}
