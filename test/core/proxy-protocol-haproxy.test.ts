/**
 * PROXY headers between core/proxy-protocol and the real HAProxy, both ways. Where HAProxy 2.6 departs from the
 * specification we keep to the specification: text after UNKNOWN is ignored, a v2 header without
 * an address family is accepted, numbers with leading zeroes are refused.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { parseIpv4, parseIpv6 } from '../../src/core/ip.js';
import { encodeV1, encodeV2, parseProxyHeader } from '../../src/core/proxy-protocol.js';
import { systemTest } from '../support/peers.js';
import { freePort, serve, startProxy } from '../support/proxy.js';

const COMMON =
  'global\n nbthread 1\n maxconn 100\ndefaults\n mode tcp\n timeout connect 2s\n timeout client 3s\n timeout server 3s\n';

/** 16 bytes, as the encoders want them. */
function bytesOf(ip: string): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes.set(parseIpv4(ip) ?? parseIpv6(ip) ?? assert.fail(ip));
  return bytes;
}

const V2 = Buffer.from('0d0a0d0a000d0a515549540a', 'hex').toString('latin1');
const IP4 = '\x7f\x00\x00\x01\x0a\x00\x00\x02\x12\x34\x00\x50';

systemTest(
  'a header that HAProxy accepts is accepted, what it refuses is refused',
  { commands: ['haproxy'] },
  async () => {
    const port = await freePort();
    const back = await serve((socket) => socket.end('ok'));
    const text = `${COMMON} log-format "%ci:%cp"\n log {LOG} local0\nlisten l\n bind 127.0.0.1:${port} accept-proxy\n server s 127.0.0.1:${back.port}`;
    const proxy = await startProxy('haproxy', text, [port]);
    try {
      for (const header of [
        'PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n',
        'PROXY TCP6 2001:db8::1 ::1 1 2\r\n',
        'PROXY UNKNOWN\r\n',
        'PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n',
        'PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n',
        'PROXY TCP5 1.2.3.4 5.6.7.8 1 2\r\n',
        'GET / HTTP/1.0\r\n\r\n',
        `${V2}\x21\x11\x00\x0c${IP4}`,
        `${V2}\x20\x00\x00\x00`,
        `${V2}\x22\x11\x00\x0c${IP4}`,
        `${V2}\x11\x11\x00\x0c${IP4}`,
      ]) {
        const accepted = await answered(port, header);
        const ours = parseProxyHeader(Buffer.from(header, 'latin1'), header.length);
        assert.equal(ours.status === 'ok', accepted, JSON.stringify(header));
      }
    } finally {
      await proxy.stop();
      back.close();
    }
  },
);

async function answered(port: number, header: string): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => socket.destroy());
  let got = '';
  socket.on('data', (d) => (got += d));
  socket.write(header, 'latin1');
  await new Promise((closed) => socket.once('close', closed)); // refusals come as resets too
  return got === 'ok';
}

for (const version of ['v1', 'v2'] as const)
  for (const host of ['127.0.0.1', '::1'])
    systemTest(
      `send-proxy${version === 'v2' ? '-v2' : ''} of a client of ${host} is what we encode`,
      { commands: ['haproxy'] },
      async () => {
        const port = await freePort();
        const received: Buffer[] = [];
        const back = await serve((socket) =>
          socket.once('data', (d: Buffer) => {
            received.push(d);
            socket.end('x');
          }),
        );
        const word = version === 'v2' ? 'send-proxy-v2' : 'send-proxy';
        const text = `${COMMON}listen l\n bind 127.0.0.1:${port}\n bind [::1]:${port}\n server s 127.0.0.1:${back.port} ${word}`;
        const proxy = await startProxy('haproxy', text, [port]);
        try {
          const client = await talk(port, host);
          const a = {
            family: host === '::1' ? 6 : 4,
            source: bytesOf(host),
            sourcePort: client,
            destination: bytesOf(host),
            destinationPort: port,
          } as const;
          const into = new Uint8Array(256);
          const length = (version === 'v1' ? encodeV1 : encodeV2)(into, a);
          assert.equal(received[0].toString('latin1'), Buffer.from(into.subarray(0, length)).toString('latin1'));
        } finally {
          await proxy.stop();
          back.close();
        }
      },
    );

/** @returns the client's port */
async function talk(port: number, host: string): Promise<number> {
  const socket: Socket = connect(port, host);
  await once(socket, 'connect');
  const own = (socket.address() as AddressInfo).port;
  socket.resume();
  await once(socket, 'close');
  return own;
}
