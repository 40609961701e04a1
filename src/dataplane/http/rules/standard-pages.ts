/** The pages the proxy sends where nothing is configured, byte for byte HAProxy's (observed from 2.6). */

/** Status, reason, and what stands under the heading. */
const PAGES: readonly (readonly [number, string, string])[] = [
  [200, 'OK', 'Service ready.'],
  [400, 'Bad request', 'Your browser sent an invalid request.'],
  [401, 'Unauthorized', 'You need a valid user and password to access this content.'],
  [403, 'Forbidden', 'Request forbidden by administrative rules.'],
  [404, 'Not Found', 'The resource could not be found.'],
  [405, 'Method Not Allowed', 'A request was made of a resource using a request method not supported by that resource'],
  [407, 'Unauthorized', 'You need a valid user and password to access this content.'],
  [408, 'Request Time-out', "Your browser didn't send a complete request in time."],
  [410, 'Gone', 'The resource is no longer available and will not be available again.'],
  [413, 'Payload Too Large', 'The request entity exceeds the maximum allowed.'],
  [422, 'Unprocessable Content', 'The server cannot process the contained instructions.'],
  [425, 'Too Early', 'Your browser sent early data.'],
  [429, 'Too Many Requests', 'You have sent too many requests in a given amount of time.'],
  [500, 'Internal Server Error', 'An internal server error occurred.'],
  [501, 'Not Implemented', '.The server does not support the functionality required to fulfill the request.'],
  [502, 'Bad Gateway', 'The server returned an invalid or incomplete response.'],
  [503, 'Service Unavailable', 'No server is available to handle this request.'],
  [504, 'Gateway Time-out', "The server didn't respond in time."],
];

const CLOSING = new Set([400, 408]);

/** Whole messages by status, latin1. 400 and 408 say that the connection ends: nobody knows where the next request begins. */
export const STANDARD_PAGES: ReadonlyMap<number, string> = new Map(
  PAGES.map(([status, reason, text]) => [status, page(status, reason, text)]),
);

function page(status: number, reason: string, text: string): string {
  const body = `<html><body><h1>${status} ${reason}</h1>\n${text}\n</body></html>\n`;
  const length = `HTTP/1.1 ${status} ${reason}\r\nContent-length: ${body.length}\r\nCache-Control: no-cache\r\n`;
  const closing = CLOSING.has(status) ? 'Connection: close\r\n' : '';
  return `${length}${closing}Content-Type: text/html\r\n\r\n${body}`;
}
