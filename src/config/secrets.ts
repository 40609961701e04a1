/**
 * Where passwords come from: environment variables, files, or the configuration itself. Looked for when a configuration
 * is read, so that a missing one is an error with a place, and read again when it is put into force.
 */
import { readFileSync } from 'node:fs';
import type { Diagnostics } from './diagnostics.js';
import type { Model, Secret } from './model.js';

export type Environment = { readonly [name: string]: string | undefined };

/** A password, or why there is none; never both in one text. */
export type Resolved = { ok: true; value: string } | { ok: false; message: string; remedy: string };

type Noun = 'password' | 'token';

/** No password is longer; a larger file is another one than was meant. */
const SECRET_BYTES_MAX = 64 * 1024;

/** @param noun what it is, for the complaint */
export function resolveSecret(secret: Secret, env: Environment, noun: Noun = 'password'): Resolved {
  switch (secret.from) {
    case 'text':
      return { ok: true, value: secret.text };
    case 'env':
      return fromEnvironment(secret.name, env, noun);
    case 'file':
      return fromFile(secret.path, secret.key, noun);
  }
}

function fromEnvironment(name: string, env: Environment, noun: Noun): Resolved {
  const value = env[name];
  if (value !== undefined) return { ok: true, value };
  return {
    ok: false,
    message: `the environment variable ${name} for a ${noun} is not set`,
    remedy: `set it where fairlead is started (systemd: EnvironmentFile=), or write a file`,
  };
}

function fromFile(path: string, key: string | undefined, noun: Noun): Resolved {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return unreadable(path, error as NodeJS.ErrnoException, noun);
  }
  if (text.length > SECRET_BYTES_MAX)
    return {
      ok: false,
      message: `the ${noun} file ${path} is ${text.length} bytes long`,
      remedy: `write the path of a file that holds the ${noun} alone`,
    };
  const value = key === undefined ? text.replace(/\r?\n$/, '') : keyOf(text, key);
  if (value !== undefined && value !== '') return { ok: true, value };
  const what = key === undefined ? 'is empty' : `has no value for '${key}'`;
  return { ok: false, message: `the ${noun} file ${path} ${what}`, remedy: `write the ${noun} into it` };
}

function unreadable(path: string, { code, message }: NodeJS.ErrnoException, noun: Noun): Resolved {
  const words: { readonly [code: string]: string } = {
    ENOENT: 'there is no such file',
    EACCES: 'permission denied',
    EISDIR: 'it is a directory',
    ENOTDIR: 'a part of the path is not a directory',
  };
  const why = words[code ?? ''] ?? message;
  const remedy =
    code === 'EACCES'
      ? 'let the user fairlead runs as read it (chown, chmod 0400)'
      : `create it with mode 0400, holding the ${noun} alone`;
  return { ok: false, message: `cannot read the ${noun} file ${path}: ${why}`, remedy };
}

/** A member of a JSON object, or one of `KEY=value` lines, with or without quotes. */
function keyOf(text: string, key: string): string | undefined {
  if (text.trimStart().startsWith('{')) return memberOf(text, key);
  for (const line of text.split(/\r?\n/)) {
    const [, name, value] = /^\s*(?:export\s+)?([\w.-]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name === key) return value.replace(/^(['"])(.*)\1$/, '$2');
  }
  return undefined;
}

function memberOf(text: string, key: string): string | undefined {
  try {
    const value: unknown = (JSON.parse(text) as { [key: string]: unknown })[key];
    return typeof value === 'string' ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Complains about every password of a role check or virtual address, and the token of `control:`, that cannot be had here and now. */
export function validateSecrets(model: Model, diag: Diagnostics, env: Environment): void {
  const checks = [
    ...model.proxies.map(({ check }) => check.role),
    ...model.agents.map(({ check }) => check),
    ...(model.vips?.instances ?? []),
  ];
  for (const role of checks) {
    const password = role?.password;
    if (password === undefined) continue;
    const found = resolveSecret(password, env);
    const loc = role?.at?.password ?? role?.loc;
    if (!found.ok) diag.error('secret-unavailable', loc, found.message, found.remedy);
  }
  if (model.control === undefined) return;
  const token = resolveSecret(model.control.token, env, 'token');
  if (!token.ok) diag.error('secret-unavailable', model.control.at?.token, token.message, token.remedy);
}
