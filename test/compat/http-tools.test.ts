/** Clients that nobody here wrote, through Fairlead in mode http: curl, wrk, h2load and a WebSocket library. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { systemTest } from '../support/peers.js';
import { freePort, type RunningProxy, startProxy } from '../support/proxy.js';

const execute = promisify(execFile);
const HEAD = `global
  stats socket {SOCK} level admin
defaults
  mode http
  option forwardfor
  timeout connect 2s
  timeout client 10s
  timeout server 10s
`;

/** Echoes what it gets, with its hash; `/big/N` is N bytes, `/status/N` that status, `/chunked` comes in pieces. */
function application(): Promise<Server> {
  const server = createServer((request, response) => {
    const [, kind, value] = /^\/(\w+)\/?(\d+)?/.exec(request.url ?? '') ?? [];
    if (kind === 'big') return void response.end(Buffer.alloc(Number(value), 'x'));
    if (kind === 'status') return void response.writeHead(Number(value)).end(value === '204' ? undefined : 'so\n');
    if (kind === 'chunked') {
      for (let n = 0; n < 20; n++) response.write(`piece ${n}\n`);
      return void response.end();
    }
    const hash = createHash('sha256');
    request.on('data', (data) => hash.update(data));
    request.on('end', () =>
      response.end(`${request.method} ${request.headers['x-forwarded-for']} ${hash.digest('hex')}\n`),
    );
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

async function between(t: TestContext, backend: number): Promise<{ proxy: RunningProxy; port: number }> {
  const port = await freePort();
  const text = `${HEAD}listen l\n  bind 127.0.0.1:${port}\n  server s 127.0.0.1:${backend}\n`;
  const proxy = await startProxy('fairlead', text, [port]);
  t.after(() => proxy.stop());
  return { proxy, port };
}

async function withApplication(t: TestContext): Promise<{ proxy: RunningProxy; url: string; dir: string }> {
  const server = await application();
  const dir = mkdtempSync(join(tmpdir(), 'fl-tools-'));
  t.after(() => {
    server.close();
    server.closeAllConnections();
    rmSync(dir, { recursive: true, force: true });
  });
  const { proxy, port } = await between(t, (server.address() as AddressInfo).port);
  return { proxy, url: `http://127.0.0.1:${port}`, dir };
}

async function curl(...words: string[]): Promise<string> {
  return (await execute('curl', ['-sS', '--max-time', '10', ...words], { maxBuffer: 1 << 26 })).stdout;
}

systemTest(
  'curl: methods, bodies of every framing, ranges of sizes, 100-continue',
  { commands: ['curl'] },
  async (t) => {
    const { url, dir } = await withApplication(t);
    const file = join(dir, 'body');
    for (const size of [1, 1023, 16_384, 65_537, 3_000_000]) {
      const body = randomBytes(size);
      writeFileSync(file, body);
      const expected = `POST 127.0.0.1 ${createHash('sha256').update(body).digest('hex')}\n`;
      for (const header of ['Expect:', 'Expect: 100-continue', 'Transfer-Encoding: chunked'])
        assert.equal(await curl('-H', header, '--data-binary', `@${file}`, url), expected, `${size} ${header}`);
      assert.equal((await curl(`${url}/big/${size}`)).length, size);
    }
    assert.equal(await curl('-I', '-o', '/dev/null', '-w', '%{http_code} %{size_download}', `${url}/big/5`), '200 0');
    assert.equal((await curl(`${url}/chunked`)).split('\n').length, 21);
    assert.equal(await curl('--http1.0', `${url}/status/404`), 'so\n');
    for (const status of ['204', '304', '500'])
      assert.equal(await curl('-o', '/dev/null', '-w', '%{http_code}', `${url}/status/${status}`), status);
  },
);

systemTest('curl: one connection for many requests', { commands: ['curl'] }, async (t) => {
  const { url } = await withApplication(t);
  const many = await curl('-o', '/dev/null', '-w', '%{num_connects} %{http_code};', `${url}/big/[1-20]`);
  assert.equal(many, `1 200;${'0 200;'.repeat(19)}`);
});

systemTest('wrk and h2load: no request is lost', { commands: ['wrk', 'h2load'] }, async (t) => {
  const { url, proxy } = await withApplication(t);
  const { stdout } = await execute('wrk', ['-t1', '-c20', '-d2s', `${url}/big/100`]);
  assert.match(stdout, /requests in/);
  assert.doesNotMatch(stdout, /Socket errors|Non-2xx/);
  const load = await execute('h2load', ['--h1', '-n2000', '-c20', '-m1', `${url}/chunked`]);
  assert.match(load.stdout, /2000 total, 2000 started, 2000 done, 2000 succeeded, 0 failed, 0 errored, 0 timeout/);
  assert.match(load.stdout, /status codes: 2000 2xx/);
  const row = (await proxy.ask('show stat')).split('\n').find((line) => line.startsWith('l,BACKEND,'));
  assert.ok(row !== undefined && !/,UP.*,[1-9]\d* 5xx/.test(row));
});

const SOCKETS = `
import asyncio, sys, websockets
async def echo(ws, *_):
    async for message in ws:
        await ws.send(message)
async def serve(port):
    async with websockets.serve(echo, '127.0.0.1', port, max_size=None):
        print('listening', flush=True)
        await asyncio.Future()
async def talk(port):
    async with websockets.connect(f'ws://127.0.0.1:{port}/chat?x=1', max_size=None) as ws:
        for size in (1, 125, 126, 65535, 65536, 1000000):
            data = bytes(i % 251 for i in range(size))
            await ws.send(data)
            assert await ws.recv() == data, size
        await ws.send('text')
        assert await ws.recv() == 'text'
        await (await ws.ping())
        await ws.close(4000, 'enough')
    print('closed', ws.close_code, flush=True)
asyncio.run(globals()[sys.argv[1]](int(sys.argv[2])))
`;
/** Debian's own: another one in the path does not have Debian's libraries. */
const PYTHON = '/usr/bin/python3';

systemTest('a WebSocket library: messages of every length, ping, close code', { commands: ['python3'] }, async (t) => {
  const backend = await freePort();
  const server: ChildProcess = spawn(PYTHON, ['-c', SOCKETS, 'serve', String(backend)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => server.kill('SIGKILL'));
  await new Promise<void>((resolve, reject) => {
    server.stdout!.once('data', () => resolve());
    server.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
  const { port } = await between(t, backend);
  const { stdout } = await execute(PYTHON, ['-c', SOCKETS, 'talk', String(port)], { timeout: 20_000 });
  assert.equal(stdout, 'closed 4000\n');
});
