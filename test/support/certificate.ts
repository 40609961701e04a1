/** Self-signed certificates, made for one test run and readable by one account. */
import { join } from 'node:path';
import { databaseDirectory, runAs } from './database-process.js';

interface Certificate {
  /** PEM files. */
  readonly cert: string;
  readonly key: string;
}

/** @param account that owns the files: PostgreSQL refuses a key that others may read */
export async function selfSigned(account: string): Promise<Certificate> {
  const dir = databaseDirectory('tls', account);
  const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const files = ['-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=test'];
  await runAs(account, 'openssl', ['req', '-x509', ...curve, ...files]);
  return { cert, key };
}
