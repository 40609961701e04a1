/** What an operator named, `BACKEND` or `BACKEND/SERVER`, and the near miss where there is none of that name. */
import { hasBackend } from '../config/defaults.js';
import type { Model, Proxy, Server } from '../config/model.js';
import { didYouMean } from '../config/suggest.js';

export interface Subject {
  readonly proxy: Proxy;
  /** Undefined for the whole backend. */
  readonly server?: Server;
}

export type FoundSubject =
  | { readonly ok: true; readonly value: Subject }
  | { readonly ok: false; readonly why: string };

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
