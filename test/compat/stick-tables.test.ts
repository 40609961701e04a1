/** Stick tables as database users employ them, and the runtime commands on them, on both programs. */
import { Client, type RunningProxy } from '../support/proxy.js';
import { eventually, listen, namedServer, nameHeard, namesInTurn, openNamed, same } from '../support/side-by-side.js';

const a = await namedServer('a');
const b = await namedServer('b');
const SERVERS = `server a 127.0.0.1:${a.port}\nserver b 127.0.0.1:${b.port}`;
const ALL =
  'conn_cnt,conn_cur,conn_rate(60s),sess_cnt,sess_rate(60s),bytes_in_cnt,bytes_out_cnt,bytes_in_rate(60s),gpc0,gpt0';

/** What `show table` prints, without addresses in memory and times that run. */
async function table(proxy: RunningProxy, words: string): Promise<string> {
  return (await proxy.ask(`show table ${words}`)).replace(/0x[0-9a-f]+:/g, '0x:').replace(/exp=[1-9]\d*/g, 'exp=N');
}

/** Waits until nobody is counted as connected any more. */
async function quiet(proxy: RunningProxy, name: string): Promise<void> {
  await eventually(async () => !/(use|conn_cur)=[1-9]/.test(await proxy.ask(`show table ${name}`)));
}

async function exchange(port: number, localAddress?: string): Promise<string> {
  const client = new Client(port, localAddress);
  await client.until((c) => c.data.includes(';') || c.ended || c.closed || c.error !== '');
  if (client.data.length > 0) {
    await client.send('12345').text(';12345');
    await client.end().over();
  }
  client.destroy();
  return nameHeard(client);
}

for (const phase of ['connection', 'session', 'content'])
  same(
    `what tcp-request ${phase} track-sc0 counts`,
    (port) =>
      listen(
        port,
        `stick-table type ip size 10k expire 60s store ${ALL}\ntcp-request ${phase} track-sc0 src\n${SERVERS}`,
      ),
    async ({ proxy, port }) => {
      const open = await openNamed(port);
      await eventually(async () => (await proxy.ask('show table l')).includes('use=1'));
      const during = (await table(proxy, 'l')).replace(/bytes\S+/g, '');
      await open.end().over();
      await exchange(port);
      await exchange(port, '127.0.0.9');
      await quiet(proxy, 'l');
      return [during, await table(proxy, 'l'), await table(proxy, '')];
    },
  );

same(
  'who has too many connections, or connects too often, is turned away',
  (port) =>
    `${listen(
      port,
      `stick-table type ip size 10k expire 60s store conn_cur,conn_rate(60s)
tcp-request connection track-sc0 src
tcp-request connection reject if { src 127.0.0.2 } { sc0_conn_cur gt 2 }
tcp-request connection reject if { src 127.0.0.3 } { sc0_conn_rate gt 3 }
tcp-request connection reject if { src 127.0.0.4 } { src_conn_rate(l) ge 2 }
${SERVERS}`,
    )}`,
  async ({ port }) => {
    const held: string[] = [];
    const clients: Client[] = [];
    for (let n = 0; n < 4; n++) {
      const client = new Client(port, '127.0.0.2');
      clients.push(await client.until((c) => c.data.includes(';') || c.ended || c.closed || c.error !== ''));
      held.push(client.data.length > 0 ? 'in' : 'out');
    }
    for (const client of clients) client.destroy();
    const often: string[] = [];
    for (const from of ['127.0.0.3', '127.0.0.4'])
      for (let n = 0; n < 5; n++) often.push((await exchange(port, from)) === '-' ? 'out' : 'in');
    return [held, often];
  },
);

same(
  'stick on src: a client stays with its server, and moves when that is gone',
  (port) => listen(port, `balance roundrobin\nstick-table type ip size 10k expire 60s\nstick on src\n${SERVERS}`),
  async ({ proxy, port }) => {
    const first = await namesInTurn(port, 4);
    const other = await exchange(port, '127.0.0.9');
    const before = await table(proxy, 'l');
    await proxy.ask(`set server l/${first[0]} state maint`);
    const moved = await namesInTurn(port, 2);
    await proxy.ask(`set server l/${first[0]} state ready`);
    const stays = await namesInTurn(port, 2);
    return [first, other, before, moved, stays];
  },
);

same(
  'match and store apart, conditions, a table of another backend',
  (port) =>
    `${listen(
      port,
      `balance roundrobin\nstick match src table kept if { src 127.0.0.8/29 }\nstick store-request src table kept\n${SERVERS}`,
    )}backend kept\n  stick-table type ip size 2 expire 60s\n`,
  async ({ proxy, port }) => {
    const names: string[] = [];
    for (const from of ['127.0.0.1', '127.0.0.1', '127.0.0.9', '127.0.0.9', '127.0.0.9', '127.0.0.1'])
      names.push(await exchange(port, from));
    return [names, await table(proxy, 'kept'), await table(proxy, '')];
  },
);

same(
  'a table that is full gives up its oldest entry, with nopurge it takes nobody',
  (port) =>
    `${listen(
      port,
      `stick-table type ip size 2 expire 60s store conn_cnt\ntcp-request connection track-sc0 src\n${SERVERS}`,
    )}listen n\n  bind 127.0.0.1:${port + 1}\n  stick-table type ip size 2 nopurge store conn_cnt\n  tcp-request connection track-sc0 src\n  ${SERVERS.split('\n').join('\n  ')}\n`,
  async ({ proxy, port }) => {
    for (const [at, name] of [
      [port, 'l'],
      [port + 1, 'n'],
    ] as const)
      for (const from of ['127.0.0.1', '127.0.0.2', '127.0.0.3']) {
        await exchange(at, from);
        await quiet(proxy, name);
      }
    return [await table(proxy, 'l'), await table(proxy, 'n')];
  },
);

const TYPES = ['ip', 'ipv6', 'integer', 'string len 5', 'binary len 3'];

same(
  'set, show and clear table, for every type of key',
  (port) =>
    listen(port, SERVERS) +
    TYPES.map(
      (type, i) => `backend t${i}\n  stick-table type ${type} size 10 expire 60s store gpc0,gpt0,conn_rate(60s),gpc1\n`,
    ).join(''),
  async ({ proxy }) => {
    const said: string[] = [];
    const keys = [['10.0.0.1'], ['10.0.0.1', '2001:db8::1'], ['77', '4294967295'], ['77', 'abcdefgh']];
    for (const [i, list] of keys.entries())
      for (const key of list)
        said.push(
          await proxy.ask(`set table t${i} key ${key} data.gpc0 7 data.gpt0 ${i}`),
          await table(proxy, `t${i} key ${key}`),
        );
    for (const words of [
      'set table t0 key 10.0.0.2',
      'set table t0 key 10.0.0.2 data.gpc0 9',
      'set table t0 key 10.0.0.2 data.conn_rate 5',
      'set table t0 key 10.0.0.2 data.nope 9',
      'set table t0 key 10.0.0.2 data.sess_cnt 9',
      'set table t0 key 10.0.0.2 data.gpc0 x',
      'set table t0 key 10.0.0.2 data.gpc0',
      'set table t0 key',
      'set table nope key 1',
      'clear table',
      'clear table nope',
      'clear table t0 foo',
      'clear table t3 key abcde',
      'clear table t2 data.gpc0 lt 7',
      'clear table t2 data.gpc0 ge 7',
    ])
      said.push(`${words}: ${await proxy.ask(words)}`);
    for (const words of [
      't0',
      't2',
      't3',
      't0 data.gpc0 gt 8',
      't0 data.gpc0 ge 7 data.gpt0 eq 0',
      't0 data.gpc0 xx 8',
      't0 data.gpc0 gt',
      't0 data.sess_cnt gt 1',
      't0 data.nope gt 1',
      't0 foo',
      't0 key 10.9.9.9',
      'nope',
      '',
    ])
      said.push(`${words}: ${await table(proxy, words)}`);
    await proxy.ask('clear table t0');
    said.push(await table(proxy, 't0'));
    return said;
  },
);
