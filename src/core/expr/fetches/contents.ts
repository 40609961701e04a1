/** Sample fetches of what a client sends before anything is known of it (manual §7.3.4 and §7.3.5). */
import { firstProtocol, parseHello, serverName, textOf } from '../client-hello.js';
import type { SampleContext } from '../context.js';
import { boolean, type Fetch, type Fetches, integer, text, waiting } from '../fetch.js';

const payload: Fetch = waiting({ kind: 'binary', make: makePayload });
const helloTypeFetch = waiting(integer(helloType));
const nameFetch = waiting(text(requestedName));
const lengthFetch = waiting(integer(requestLength));

export const CONTENTS: Fetches = {
  wait_end: waiting(boolean(waitEnd)),
  'req.len': lengthFetch,
  req_len: lengthFetch,
  'req.ssl_hello_type': helloTypeFetch,
  req_ssl_hello_type: helloTypeFetch,
  'req.ssl_sni': nameFetch,
  req_ssl_sni: nameFetch,
  'req.ssl_alpn': waiting(text(requestedProtocol)),
  'req.payload': payload,
  payload,
};

/** True once nothing more is waited for. */
function waitEnd(c: SampleContext): boolean {
  c.mayChange = true;
  return c.isFinal;
}

/** Any number may still become a greater one. */
function requestLength(c: SampleContext): number {
  c.mayChange = true;
  return c.contentsLength;
}

function hello(c: SampleContext): ReturnType<typeof parseHello> {
  const found = parseHello(c.contents, c.contentsLength);
  c.mayChange = found.status === 'partial';
  return found;
}

function helloType(c: SampleContext): number | undefined {
  const found = hello(c);
  return found.status === 'complete' ? found.type : undefined;
}

function requestedName(c: SampleContext): string | undefined {
  return serverName(c.contents, hello(c));
}

function requestedProtocol(c: SampleContext): string | undefined {
  return firstProtocol(c.contents, hello(c));
}

/** `req.payload(offset,length)`; length 0 is all that is there. */
function makePayload(args: readonly string[]): ReturnType<Fetch['make']> {
  if (args.length !== 2 || !args.every((arg) => /^\d{1,9}$/.test(arg))) return 'needs an offset and a length';
  const [from, length] = args.map(Number);
  return {
    read: (c) => {
      const to = length === 0 ? c.contentsLength : from + length;
      c.mayChange = length === 0 || to > c.contentsLength;
      return from >= c.contentsLength || to > c.contentsLength ? undefined : textOf(c.contents, from, to);
    },
  };
}
