/** Fairlead under the name of keepalived, in a network of its own: started, asked, signalled, reloaded and stopped. */
import assert from 'node:assert/strict';
import { readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { systemTest } from '../support/peers.js';
import { BIN, file, start, workDirectory } from './program.js';

const REPOSITORY = dirname(dirname(BIN));

const config = (priority: number, address: string) => `vrrp_instance VI_1 {
    interface eth1
    virtual_router_id 51
    priority ${priority}
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass 1111
    }
    virtual_ipaddress {
        ${address}
    }
}
`;

/**
 * Runs a script in new namespaces: an interface eth1, /run and /tmp of its own. `out DIR/NAME` is where it puts what is to
 * be looked at.
 */
async function runScript(t: TestContext, script: string): Promise<{ out: (name: string) => string; text: string }> {
  const directory = workDirectory(t);
  symlinkSync(BIN, join(directory, 'keepalived'));
  file(directory, 'first.conf', config(101, '10.0.0.130'));
  file(directory, 'second.conf', config(111, '10.0.0.131'));
  const network =
    'ip link add eth1 type veth peer name eth2 && ip link set eth2 up && ip addr add 10.0.0.101/24 dev eth1 && ip link set eth1 up';
  // The files that signals ask for are in /tmp, where this program and its directory may be, too.
  const alone = `mkdir /run/keep; mount --rbind /tmp /run/keep; mount -t tmpfs none /tmp
for p in ${REPOSITORY} ${directory}; do case $p in /tmp/*) mkdir -p $p; mount --rbind /run/keep/\${p#/tmp/} $p;; esac; done`;
  const prepare = `set -u; ${network}; mount -t tmpfs none /run; ${alone}; cd ${directory}; mkdir out; cp first.conf k.conf
fairlead() { ${process.execPath} ${BIN} "$@"; }
until_() { for i in $(seq 300); do eval "$1" && return 0; sleep 0.05; done; echo "not in time: $1"; return 1; }
is() { fairlead vip status --json > out/now 2>/dev/null; grep -q "\\"state\\": \\"$1\\"" out/now; }`;
  const words = ['unshare', '--net', '--mount', 'bash', '-c', `${prepare}\n${script}`];
  const child = start(t, words, { XDG_RUNTIME_DIR: '' });
  await child.ended;
  return { out: (name) => readFileSync(join(directory, 'out', name), 'utf8'), text: child.output() };
}

const needs = { commands: ['ip', 'unshare'], root: true, timeoutMs: 120_000 };

systemTest('in the background: pid files, status, files on signals, reload, stop', needs, async (t) => {
  const { out, text } = await runScript(
    t,
    `./keepalived -G -f $PWD/k.conf > out/start 2>&1; echo "started $?"
cp /run/keepalived.pid out/pid; cp /run/vrrp.pid out/vrrp-pid; P=$(cat /run/keepalived.pid)
./keepalived -G -f $PWD/k.conf > out/again 2>&1; echo "again $?"
until_ 'is MASTER'
for s in DATA STATS JSON; do kill -s $(./keepalived --signum=$s) $P; done
until_ 'test -s /tmp/keepalived.json -a -s /tmp/keepalived.data -a -s /tmp/keepalived.stats'
cp /tmp/keepalived.* out/
ip -br addr show eth1 > out/held
cp second.conf k.conf; kill -HUP $P
until_ 'ip addr show eth1 | grep -q 10.0.0.131'
ip -br addr show eth1 > out/reloaded; fairlead vip status > out/status; echo "status $?"
kill -TERM $P; until_ '! test -e /proc/$P'
ip -br addr show eth1 > out/stopped; ls /run > out/run`,
  );
  assert.equal(text, 'started 0\nagain 0\nstatus 0\n');
  assert.match(out('again'), /^daemon is already running \(pid \d+\)$/m);
  assert.equal(out('pid'), out('vrrp-pid'));
  assert.match(out('held'), / 10\.0\.0\.130\/32/);
  assert.match(out('keepalived.data'), /^ VRRP Instance = VI_1\n {3}VRRP Version = 2\n {3}State = MASTER$/m);
  assert.match(out('keepalived.data'), /^ {5}10\.0\.0\.130 dev eth1 scope global set$/m);
  assert.match(out('keepalived.stats'), /^VRRP Instance: VI_1\n[\s\S]* {2}Became master: 1\n/);
  const [{ data, stats }] = JSON.parse(out('keepalived.json'));
  assert.deepEqual([data.iname, data.state, data.vipset, stats.become_master], ['VI_1', 2, true, 1]);
  assert.match(out('reloaded'), / 10\.0\.0\.131\/32/);
  assert.doesNotMatch(out('reloaded'), /10\.0\.0\.130/);
  assert.match(out('status'), /^VI_1 {2}MASTER [\s\S]*priority +111 as configured/);
  assert.doesNotMatch(out('stopped'), /10\.0\.0\.13/);
  assert.doesNotMatch(out('run'), /\.pid/);
});

systemTest('hands over to a second one, in a namespace of another name', needs, async (t) => {
  const name = `flk${process.pid}`;
  const { out, text } = await runScript(
    t,
    `mkdir -p /run/netns; touch /run/netns/${name}; unshare --net=/run/netns/${name} true
ip link set eth2 netns ${name}; ip -n ${name} addr add 10.0.0.102/24 dev eth2; ip -n ${name} link set eth2 up
sed 's/eth1/eth2/; s/101/100/' first.conf > other.conf
./keepalived -n -l -G -f $PWD/k.conf > out/first 2>&1 & A=$!
until_ 'is MASTER'; SOCKET=$(ls /run/fairlead/*.sock)
./keepalived -n -l -G -s ${name} -f $PWD/other.conf > out/second 2>&1 & B=$!
until_ 'grep -q "INIT -> BACKUP" out/second'; sleep 1.2
fairlead vip failover -s $SOCKET --wait > out/failover 2>&1; echo "failover $?"
ip -n ${name} -br addr show eth2 > out/held; ip -br addr show eth1 > out/left; ls /run/keepalived/keepalived_${name} > out/pids
fairlead events VI_1 -s $SOCKET > out/events
kill $A $B; wait $A; echo "first $?"; wait $B; echo "second $?"; umount /run/netns/${name}`,
  );
  assert.equal(text, 'failover 0\nfirst 0\nsecond 0\n', `${out('first')}\n${out('second')}`);
  assert.match(out('failover'), /^VI_1: 10\.0\.0\.102 \(priority 100\) has it, seen [\d.]+ m?s after the order\n$/);
  assert.match(out('held'), / 10\.0\.0\.130\/32/);
  assert.doesNotMatch(out('left'), /10\.0\.0\.130/);
  assert.equal(out('pids'), 'keepalived.pid\nvrrp.pid\n');
  assert.match(out('events'), /VI_1 {2}MASTER -> BACKUP {2}.*failover vip/);
  assert.match(out('first'), /^\w{3} \w{3} [ \d]\d [\d:]{8} \d{4}: started with VI_1$/m);
});
