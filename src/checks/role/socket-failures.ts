/** What went wrong with a connection, as a check's result in words for a person. */
import { CheckStatus } from '../../core/check-status.js';
import { type Finding, failure } from '../../core/role/verdict.js';

const TEXTS: { readonly [code: string]: string } = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  ETIMEDOUT: 'connection timed out',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'network unreachable',
  EHOSTDOWN: 'the host is down',
  ENOENT: 'there is no such socket',
  EACCES: 'permission denied',
  EADDRNOTAVAIL: 'no local address or port is free',
  EMFILE: 'no file descriptor is free here',
  ENFILE: 'no file descriptor is free here',
  ENOBUFS: 'no memory is free here',
};

/** Nothing of the server's doing. */
const OWN = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL']);

function textOf(error: NodeJS.ErrnoException & { readonly address?: string }): string {
  if (error.code === 'ENOENT' && error.address !== undefined) return `there is no socket ${error.address}`;
  return TEXTS[error.code ?? ''] ?? error.code ?? error.message;
}

/** @param where ` at …`, where the operator would look elsewhere for it */
export function connectFailure(error: NodeJS.ErrnoException, where = ''): Finding {
  const code = error.code ?? '';
  if (OWN.has(code)) return failure(CheckStatus.SOCKERR, textOf(error));
  return failure(code === 'ETIMEDOUT' ? CheckStatus.L4TOUT : CheckStatus.L4CON, `${textOf(error)}${where}`);
}

export function talkFailure(error: NodeJS.ErrnoException, when: string): Finding {
  return failure(CheckStatus.L7RSP, `${textOf(error)} ${when}`);
}

const CERTIFICATE: { readonly [code: string]: string } = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'is self-signed and not in tlsCa',
  SELF_SIGNED_CERT_IN_CHAIN: 'is signed by an authority that is not in tlsCa',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'is signed by an authority that is not in tlsCa',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'is signed by an authority that is not in tlsCa',
  CERT_HAS_EXPIRED: 'has expired',
  CERT_NOT_YET_VALID: 'is not valid yet',
};

export function tlsFailure(error: NodeJS.ErrnoException): Finding {
  const certificate = CERTIFICATE[error.code ?? ''];
  if (certificate !== undefined) return failure(CheckStatus.L6RSP, `TLS: the server's certificate ${certificate}`);
  if (/wrong version number|WRONG_VERSION/i.test(`${error.code} ${error.message}`))
    return failure(CheckStatus.L6RSP, 'TLS: the server answered with something else: does it speak TLS on this port?');
  return failure(CheckStatus.L6RSP, `TLS: ${textOf(error)}`);
}
