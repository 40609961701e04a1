/** crypt(3) of libcrypt: the hashes of `userlist` passwords. One hash takes microseconds (DES, MD5) to 100 ms (yescrypt). */
import koffi from 'koffi';

/** Size of struct crypt_data with room to spare: 32,768 bytes in libxcrypt, 131,232 in glibc's own. */
const SCRATCH_BYTES = 262_144;

type Crypt = ((phrase: Uint8Array, setting: string, scratch: Uint8Array) => string | null) & {
  async(
    phrase: Uint8Array,
    setting: string,
    scratch: Uint8Array,
    done: (error: Error | null, hash: string | null) => void,
  ): void;
};

let bound: Crypt | null | undefined;
let scratch: Uint8Array | undefined;

/** Loaded when the first hashed password is checked. @returns null where this host has no libcrypt */
function library(): Crypt | null {
  if (bound !== undefined) return bound;
  for (const name of ['libcrypt.so.1', 'libcrypt.so.2']) {
    try {
      bound = koffi.load(name).func('crypt_r', 'str', ['uint8_t *', 'str', 'uint8_t *']) as unknown as Crypt;
      return bound;
    } catch {
      bound = null; // another name, or none
    }
  }
  return bound ?? null;
}

/** Blocks for as long as the hash takes. @param password bytes as the client sent them */
export function matchesHash(password: string, hash: string): boolean {
  const crypt = library();
  if (crypt === null) return false;
  scratch ??= new Uint8Array(SCRATCH_BYTES);
  return crypt(phrase(password), hash, scratch) === hash;
}

/** In a thread of its own, so that the caller's loop goes on. Needs Node's event loop. */
export function matchesHashLater(password: string, hash: string, done: (isRight: boolean) => void): void {
  const crypt = library();
  if (crypt === null) done(false);
  else crypt.async(phrase(password), hash, new Uint8Array(SCRATCH_BYTES), (_, found) => done(found === hash));
}

/** C strings end at the first zero byte: a password that contains one is another password. */
function phrase(password: string): Uint8Array {
  return Buffer.from(`${password.includes('\0') ? '' : password}\0`, 'latin1');
}
