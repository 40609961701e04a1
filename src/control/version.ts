/** Which program answers. */
import { readFileSync } from 'node:fs';
import { HAPROXY_VERSION } from '../core/haproxy-version.js';

/** `Name` of `show info`: tools that speak this API know one name. Version and build tell who answers. */
export const PRODUCT = 'HAProxy';
/** Of this version, `YYYY/MM/DD`. */
export const RELEASE_DATE = '2026/11/21';

/** The version in package.json, which stands three directories above `dist/src/control`. */
export const VERSION = (
  JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;

/** What tools that parse a HAProxy version read: the one we answer as, and ours behind it. */
export const REPORTED_VERSION = `${HAPROXY_VERSION}-fairlead-${VERSION}`;
