/**
 * Whether a form was sent from the page itself. A browser adds the visitor's credentials to requests that another site
 * makes it send; it also tells where such a request comes from, and scripts cannot change what it tells (Fetch standard,
 * "Origin header"; W3C Fetch Metadata). Programs that are no browsers tell nothing, and nobody can trick them.
 */
import type { ServiceRequest } from '../../core/messages.js';

type Sender = Pick<ServiceRequest, 'host' | 'origin' | 'referer' | 'secFetchSite'>;

/** @returns null where the form comes from the page, else what speaks against it */
export function crossSite({ host, origin, referer, secFetchSite }: Sender): string | null {
  // Best known where it is sent: it holds behind a proxy that changes Host, too.
  if (secFetchSite !== '') return ['same-origin', 'none'].includes(secFetchSite) ? null : `a ${secFetchSite} request`;
  if (origin !== '') return isHost(origin, host) ? null : `a request from ${origin}`;
  if (referer !== '') return isHost(referer, host) ? null : `a request from ${referer}`;
  return null;
}

/** @param url of a page; `null` stands for one that hides where it is */
function isHost(url: string, host: string): boolean {
  const authority = /^https?:\/\/([^/?#]*)/i.exec(url)?.[1];
  return authority !== undefined && authority.toLowerCase() === host.toLowerCase();
}
