/** Passwords, read when a session is opened, so that a changed one is used without a reload. */
import type { Secret } from '../config/model.js';
import { type Resolved, resolveSecret } from '../config/secrets.js';

/** Keeps the last of each: after a change of user, a file that only root may read is closed to us. */
export class Secrets {
  private readonly known = new Map<string, Resolved>();

  constructor(private readonly env: { readonly [name: string]: string | undefined }) {}

  /** @returns the password, or why there is none */
  find(secret: Secret): Resolved {
    const key = JSON.stringify(secret);
    const found = resolveSecret(secret, this.env);
    if (found.ok) this.known.set(key, found);
    return found.ok ? found : (this.known.get(key) ?? found);
  }
}
