/** What main answers in place of a server: `use-service prometheus-exporter` and the statistics page. */

import { latin1 } from '../../../core/http1/characters.js';
import { dechunk } from '../../../core/http1/dechunk.js';
import { findHeader, headerValue, targetOf } from '../../../core/http1/headers.js';
import { BODY_CHUNKED } from '../../../core/http1/message.js';
import type { ServiceRequest } from '../../../core/messages.js';
import { hostText } from '../../connection-log.js';
import type { Transaction } from '../transaction.js';
import { SERVICE } from './outcome.js';
import type { Step } from './step.js';

export function serviceStep(proxy: string): Step {
  return (tx) => {
    tx.run.service = serviceRequest(tx, 'prometheus', proxy, false);
    tx.run.end = 'LR';
    return SERVICE;
  };
}

/** As far as it is there, without the frames of its chunks. */
function bodyOf({ request, bodyFrom, bodyTo }: Transaction): string {
  if (request.bytes === null) return '';
  if (request.body !== BODY_CHUNKED) return latin1(request.bytes, bodyFrom, bodyTo);
  const data = dechunk(request.bytes, bodyFrom, bodyTo);
  return latin1(data, 0, data.length);
}

/** What main needs to know of the request. */
export function serviceRequest(
  tx: Transaction,
  service: ServiceRequest['service'],
  proxy: string,
  isAdmin: boolean,
): ServiceRequest {
  const { request } = tx;
  const header = (name: string) => {
    const row = findHeader(request, name);
    return row < 0 ? '' : headerValue(request, row);
  };
  return {
    service,
    proxy,
    method: request.method,
    target: targetOf(request),
    host: header('host'),
    origin: header('origin'),
    referer: header('referer'),
    secFetchSite: header('sec-fetch-site'),
    body: request.method === 'POST' ? bodyOf(tx) : '',
    isTruncated: !tx.bodyIsComplete,
    who: hostText(tx.session.source),
    isAdmin,
  };
}
