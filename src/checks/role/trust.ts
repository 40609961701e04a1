/** The certificate authorities of `tlsCa`: read when a session is secured, and again when the file has changed. */
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';

interface Trust {
  readonly changedMs: number;
  readonly context: SecureContext;
}

/** Many servers, one file. */
const known = new Map<string, Trust>();

/** @param path PEM file. @returns what to verify with, or a person's sentence about the file */
export function trustIn(path: string): SecureContext | string {
  try {
    const changedMs = statSync(path).mtimeMs;
    const found = known.get(path);
    if (found?.changedMs === changedMs) return found.context;
    const ca = readFileSync(path, 'utf8');
    if (!ca.includes('-----BEGIN CERTIFICATE-----')) return `there is no certificate in ${path}`;
    const context = createSecureContext({ ca });
    known.set(path, { changedMs, context });
    return context;
  } catch (error) {
    return `cannot use ${path}: ${(error as NodeJS.ErrnoException).code ?? 'no certificates'}`;
  }
}
