/** Where our verdict differs from keepalived's on purpose, and why; by line of the corpus. */
const EXTRA = 'keepalived passes over further words on a line in silence; they were meant for something';
const TWICE = 'an address written twice is a slip';
const MAIL = 'mail is not sent';
const UNTRACKED = 'a route without an interface is put back when it is taken away, so it counts as tracked';
const OLD = 'an older word that means the same';

export const REASONS: { readonly [line: string]: string } = {
  'nopreempt yes': EXTRA,
  'interface eth0 eth1': EXTRA,
  'authentication {\\nauth_pass 1234\\n}': 'a password without a type is not sent, and keepalived does not say so',
  'authentication {\\nauth_type AH\\nauth_pass 1234\\n}': 'AH is not supported',
  'garp_lower_prio_repeat 0': 'no announcement at all is how addresses become unreachable after a split',
  'unicast_src_ip 1.2.3.5\\nunicast_peer {\\n1.2.3.5\\n}': 'a router that sends its adverts to itself',
  unicast_fault_no_peer: 'an instance that is always in fault',
  'virtual_ipaddress {\\n1.2.3.4\\n}': TWICE,
  'virtual_ipaddress_excluded {\\n1.2.3.4\\n}': TWICE,
  'virtual_ipaddress {\\n1.2.3.5/24 peer 1.2.3.6\\n}': "'ip address' takes it",
  'virtual_ipaddress {\\n1.2.3.5 peer 1.2.3.6/24\\n}': "'ip address' takes it, and the manual shows it",
  'virtual_routes {\\n1.2.9.0/24 gw 1.2.3.5 dev eth0\\n}': OLD,
  'virtual_routes {\\n1.2.9.0/24 via 1.2.3.5 or 1.2.3.6 dev eth0\\n}': OLD,
  'virtual_routes {\\nblackhole 1.2.9.0/24\\n}': UNTRACKED,
  'virtual_routes {\\nunreachable 1.2.9.0/24\\n}': UNTRACKED,
  'virtual_routes {\\n1.2.9.0/24 table 5 nexthop via 1.2.3.5 dev eth0 weight 1 nexthop via 1.2.3.6 dev eth0 weight 2\\n}':
    UNTRACKED,
  'virtual_routes {\\n1.2.9.0/24 via 1.2.3.5 dev eth0 table 100 metric 5 mtu 1400 advmss 1360 protocol bird scope link tos 4\\n}':
    'routes are known by what they say, so any protocol will do',
  'smtp_alert on': MAIL,
  smtp_alert: MAIL,
  'debug 5': 'nothing comes of it in any case',
  linkbeat_use_polling: OLD,
  '@vrrp_instance B {\\ninterface eth0\\nvirtual_router_id 9\\nvirtual_ipaddress {\\n1.2.3.4\\n}\\n}\\n':
    'two instances that hold one address',
  '@vrrp_instance B {\\ninterface eth0\\nvirtual_router_id 9\\nvirtual_ipaddress {\\n1.2.3.9\\n}\\n}\\nvrrp_sync_group G {\\ngroup { A B }\\nglobal_tracking\\nnotify /bin/true\\n}\\n':
    OLD,
  '@vrrp_script s {\\nscript "/bin/true"\\ninterval 0.5\\n}\\n': 'all times may be fractions of a second here',
  '@vrrp_track_process p {\\nprocess haproxy\\nparam_match exact\\n}\\n':
    'it names what holds where nothing is written',
  'vrrp_instance $UNDEF {\\ninterface eth0\\nvirtual_router_id 9\\nvirtual_ipaddress {\\n1.2.3.9\\n}\\n}\\n@':
    'a parameter that is not defined is a slip',
  'include /nonexistent/x\\n@': 'a file that is not there is a slip',
};
