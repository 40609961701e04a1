/** What connect(2) says of AF_UNSPEC: the association is dissolved, and the socket can be connected again. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import { IdleSockets } from '../../src/checks/idle-sockets.js';
import { AF_INET, AF_UNIX, SOCK_STREAM } from '../../src/linux/constants.js';
import { ipToWords, SockAddr } from '../../src/linux/sockaddr.js';
import { close, connect, socket } from '../../src/linux/syscalls.js';

const EBADF = 9;
const EPOLLIN = 1;

async function listening(): Promise<Server> {
  const server = createServer((client) => client.on('error', () => undefined)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function addressOf(server: Server): SockAddr {
  const address = new SockAddr();
  const { family, words } = ipToWords('127.0.0.1');
  address.setInet(family, words, 0, (server.address() as AddressInfo).port);
  return address;
}

test('a socket is reset, kept, taken and connected again', async () => {
  const server = await listening();
  const address = addressOf(server);
  const sockets = new IdleSockets();
  const fd = socket(AF_INET, SOCK_STREAM, 0);
  assert.equal(connect(fd, address.ptr, address.length), 0);
  const [client] = (await once(server, 'connection')) as [Socket];
  assert.equal(sockets.give(fd, AF_INET, EPOLLIN), true);
  const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ECONNRESET');
  assert.equal(sockets.take(AF_INET), fd);
  assert.equal(sockets.watchedFor(fd), EPOLLIN);
  assert.equal(connect(fd, address.ptr, address.length), 0);
  assert.equal(sockets.take(AF_INET), -1, 'nobody else gets it');
  close(fd);
  server.close();
});

test('all are closed when nobody needs them', () => {
  const sockets = new IdleSockets();
  const fd = socket(AF_INET, SOCK_STREAM, 0);
  assert.equal(sockets.give(fd, AF_INET, 0), true);
  sockets.closeAll();
  assert.equal(sockets.take(AF_INET), -1);
  assert.equal(close(fd), -EBADF);
});

test('the socket of another family is not kept', () => {
  const sockets = new IdleSockets();
  const fd = socket(AF_UNIX, SOCK_STREAM, 0);
  assert.equal(sockets.give(fd, AF_UNIX, 0), false);
  assert.equal(close(fd), 0);
});
