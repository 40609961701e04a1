/** Answers of the control endpoint: JSON, errors with a stable code. */
import type { ServerResponse } from 'node:http';

/** What is wrong with a request; `code` is stable. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly headers?: { readonly [name: string]: string };
}

export function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Refusal['headers'] = {},
): void {
  const body = `${JSON.stringify(value)}\n`;
  const own = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  };
  response.writeHead(status, { ...own, ...headers }).end(body);
}

/** @param closes the rest of the request is not read, so the connection cannot go on */
export function sendRefusal(response: ServerResponse, refusal: Refusal, closes = false): void {
  const { status, code, message, headers } = refusal;
  sendJson(response, status, { error: { code, message } }, closes ? { ...headers, connection: 'close' } : headers);
}

/** For what is no HTTP request: there is no response object then. */
export function rawRefusal({ status, code, message }: Refusal, reason: string): string {
  const body = `${JSON.stringify({ error: { code, message } })}\n`;
  return `HTTP/1.1 ${status} ${reason}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`;
}
