/** Passwords, read when they are needed, so that a changed one is used without a reload. They go nowhere but to a session. */
import type { Secret } from '../config/model.js';

export type Read = (path: string) => string;

/** The last text of each file: after a change of user a file that only root may read is closed to us. */
export class Secrets {
  private readonly known = new Map<string, string>();

  /** @param read the text of a file; throws where it cannot */
  constructor(
    private readonly read: Read,
    private readonly env: { readonly [name: string]: string | undefined },
  ) {}

  /** @returns the password, or why there is none (without it) */
  find(secret: Secret): { ok: true; text: string } | { ok: false; reason: string } {
    if (secret.from === 'text') return { ok: true, text: secret.text };
    if (secret.from === 'env') {
      const text = this.env[secret.name];
      return text === undefined ? no(`the environment has no ${secret.name}, which holds the password`) : yes(text);
    }
    const file = this.fileText(secret.path);
    if (!file.ok) return file;
    if (secret.key === undefined) return yes(file.text.replace(/\r?\n$/, ''));
    const text = valueIn(file.text, secret.key);
    return text === undefined ? no(`${secret.path} has no '${secret.key}', which holds the password`) : yes(text);
  }

  private fileText(path: string): { ok: true; text: string } | { ok: false; reason: string } {
    try {
      const text = this.read(path);
      this.known.set(path, text);
      return yes(text);
    } catch (error) {
      const known = this.known.get(path);
      const { code = 'unreadable' } = error as NodeJS.ErrnoException;
      return known === undefined ? no(`the password file ${path} cannot be read (${code})`) : yes(known);
    }
  }
}

const yes = (text: string) => ({ ok: true, text }) as const;
const no = (reason: string) => ({ ok: false, reason }) as const;

/** Of a JSON object, or of lines such as `KEY="value"` (shell, systemd). */
function valueIn(text: string, key: string): string | undefined {
  if (/^\s*\{/.test(text)) return valueInJson(text, key);
  const lines = [...text.matchAll(/^\s*(?:export\s+)?([A-Za-z_]\w*)=(.*)$/gm)].filter(([, name]) => name === key);
  const raw = lines.at(-1)?.[2].trim();
  return raw === undefined ? undefined : unquoted(raw);
}

function valueInJson(text: string, key: string): string | undefined {
  try {
    const value = (JSON.parse(text) as { [key: string]: unknown })[key];
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined; // being rewritten at this moment: as good as not there
  }
}

/** Words of the shell as far as a setting has them: one quoted text, or one bare word. */
export function unquoted(raw: string): string {
  const [, single] = /^'([^']*)'/.exec(raw) ?? [];
  if (single !== undefined) return single;
  const [, double] = /^"((?:[^"\\]|\\.)*)"/.exec(raw) ?? [];
  if (double !== undefined) return double.replace(/\\(["\\$`])/g, '$1');
  return raw.replace(/\s+#.*$/, '').replace(/\\(.)/g, '$1');
}
