/** Where the checkout is: compiled files stand in `dist/lab/support`, three levels down. */
import { fileURLToPath } from 'node:url';

export const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));
