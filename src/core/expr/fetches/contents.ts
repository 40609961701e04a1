/** Sample fetches of what a client sends before anything is known of it (manual §7.3.4 and §7.3.5). */
import { firstProtocol, parseHello, serverName, textOf } from '../client-hello.js';
import type { SampleContext } from '../context.js';
import { boolean, type Fetch, type Fetches, integer, text, waiting } from '../fetch.js';

const payload: Fetch = waiting({ kind: 'binary', make: (args) => makePayload(args, sent) });
const responsePayload: Fetch = waiting({ kind: 'binary', make: (args) => makePayload(args, answered) });
const lengthValue: Fetch = waiting({ kind: 'binary', make: (args) => makeLengthValue(args, sent) });
const responseHello = waiting(integer((c) => helloTypeOf(c, answered(c))));
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
  'req.payload_lv': lengthValue,
  payload_lv: lengthValue,
  'res.len': waiting(integer(responseLength)),
  'res.payload': responsePayload,
  'res.payload_lv': waiting({ kind: 'binary', make: (args) => makeLengthValue(args, answered) }),
  'res.ssl_hello_type': responseHello,
  rep_ssl_hello_type: responseHello,
};

/** True once nothing more is waited for. */
function waitEnd(c: SampleContext): boolean {
  c.mayChange = true;
  return c.isFinal;
}

/** How much is there of what the client, or the server, has sent. */
type Length = (c: SampleContext) => number;
const sent: Length = (c) => c.contentsLength;
const answered: Length = (c) => c.responseLength ?? 0;

function responseLength(c: SampleContext): number {
  c.mayChange = true;
  return answered(c);
}

function helloTypeOf(c: SampleContext, length: number): number | undefined {
  const found = parseHello(c.contents, length);
  c.mayChange = found.status === 'partial';
  return found.status === 'complete' ? found.type : undefined;
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
  return helloTypeOf(c, c.contentsLength);
}

function requestedName(c: SampleContext): string | undefined {
  return serverName(c.contents, hello(c));
}

function requestedProtocol(c: SampleContext): string | undefined {
  return firstProtocol(c.contents, hello(c));
}

/** `req.payload(offset,length)`; length 0 is all that is there. */
function makePayload(args: readonly string[], there: Length): ReturnType<Fetch['make']> {
  if (args.length !== 2 || !args.every((arg) => /^\d{1,9}$/.test(arg))) return 'needs an offset and a length';
  const [from, length] = args.map(Number);
  return {
    read: (c) => {
      const end = there(c);
      const to = length === 0 ? end : from + length;
      c.mayChange = length === 0 || to > end;
      return from >= end || to > end ? undefined : textOf(c.contents, from, to);
    },
  };
}

/** `req.payload_lv(offset1,length[,offset2])`: a length stands in front; offset2 is from there, with a sign from its end. */
function makeLengthValue(args: readonly string[], there: Length): ReturnType<Fetch['make']> {
  const isPlain = args.length >= 2 && args.slice(0, 2).every((arg) => /^\d{1,9}$/.test(arg));
  if (!isPlain || args.length > 3 || !/^[+-]?\d{1,9}$/.test(args[2] ?? '0')) return 'needs an offset and a length';
  const [from, size] = args.map(Number);
  const move = args[2] ?? '+0';
  const at = /^[+-]/.test(move) ? from + size + Number(move) : Number(move);
  if (size === 0 || at < 0) return 'needs an offset and a length';
  return { read: (c) => valueBehind(c, there(c), from, size, at) };
}

function valueBehind(c: SampleContext, end: number, from: number, size: number, at: number): string | undefined {
  c.mayChange = from + size > end;
  if (c.mayChange) return undefined;
  let length = 0;
  for (let i = from; i < from + size; i++) length = (length * 256 + c.contents[i]) >>> 0;
  c.mayChange = at + length > end;
  return length === 0 || c.mayChange ? undefined : textOf(c.contents, at, at + length);
}
