/**
 * Keywords of keepalived that are understood and do nothing here, each with what an operator must know. One table, so
 * that the documentation can be checked against it. Classes (codes): `no-mail`, `no-ipvs`, `no-bfd`, `not-run`
 * (something will be missed: a warning) and `no-effect` (nothing is missed: a notice).
 */
import type { Keyword } from './line.js';
import { MAIL_REMEDY } from './programs.js';

type Code = 'no-mail' | 'no-ipvs' | 'no-bfd' | 'not-run' | 'no-effect';

interface Reason {
  readonly code: Code;
  readonly message: string;
  readonly remedy?: string;
}

const MAIL: Reason = { code: 'no-mail', message: 'mail is not sent', remedy: MAIL_REMEDY };
const IPVS: Reason = {
  code: 'no-ipvs',
  message: 'IPVS is not supported',
  remedy: "remove the line; a 'listen' section or a service of fairlead.yaml balances instead",
};
const BFD: Reason = { code: 'no-bfd', message: 'BFD is not supported', remedy: 'remove the line' };
const SNMP: Reason = {
  code: 'not-run',
  message: 'there is no SNMP agent',
  remedy: "'fairlead vip status --json' and the metrics have the figures",
};
const DBUS: Reason = {
  code: 'not-run',
  message: 'there is no D-Bus service',
  remedy: "use 'fairlead vip status --json' and the events of the control endpoint",
};
const PROCESS: Reason = { code: 'no-effect', message: 'Fairlead is one process with its own name' };
const FIREWALL: Reason = {
  code: 'no-effect',
  message: "Fairlead puts its own nftables rules in place where 'no_accept' or a VMAC needs them",
};
const BUFFERS: Reason = { code: 'no-effect', message: 'sockets have buffers that fit' };
const POLLING: Reason = {
  code: 'no-effect',
  message: 'the kernel tells at once when a link goes down; nothing is polled',
};
const RELOAD: Reason = {
  code: 'no-effect',
  message: 'a reload checks the configuration first, and keeps what runs where it is wrong',
  remedy: "reload with SIGHUP or 'fairlead reload'",
};
const NAMESPACE: Reason = {
  code: 'not-run',
  message: 'Fairlead runs in the network namespace it is started in',
  remedy: "start it with 'ip netns exec NAME fairlead …'",
};
const PRIORITY: Reason = {
  code: 'no-effect',
  message: 'the thread that advertises has real-time priority where that is permitted',
  remedy: "write 'vrrp_rt_priority N' for another one",
};
const AFFINITY: Reason = {
  code: 'not-run',
  message: 'threads are not bound to a CPU',
  remedy: "write 'CPUAffinity=' in the systemd unit",
};
const FILES: Reason = { code: 'no-effect', message: 'no such files are written' };

/** In `global_defs`, or above all blocks. */
export const GLOBAL_REASONS: { readonly [keyword: string]: Reason } = {
  notification_email_from: MAIL,
  smtp_server: MAIL,
  smtp_helo_name: MAIL,
  smtp_connect_timeout: MAIL,
  smtp_alert_vrrp: MAIL,
  smtp_alert: MAIL,
  smtp_alert_checker: MAIL,
  no_email_faults: MAIL,
  no_checker_emails: MAIL,
  lvs_sync_daemon: IPVS,
  lvs_timeouts: IPVS,
  lvs_flush: IPVS,
  lvs_flush_on_stop: IPVS,
  lvs_notify_fifo: IPVS,
  lvs_notify_fifo_script: IPVS,
  lvs_netlink_cmd_rcv_bufs: IPVS,
  lvs_netlink_cmd_rcv_bufs_force: IPVS,
  lvs_netlink_monitor_rcv_bufs: IPVS,
  lvs_netlink_monitor_rcv_bufs_force: IPVS,
  rs_init_notifies: IPVS,
  net_namespace_ipvs: IPVS,
  nftables_ipvs: IPVS,
  nftables_ipvs_priority: IPVS,
  nftables_ipvs_start_fwmark: IPVS,
  checker_process_name: IPVS,
  checker_log_all_failures: IPVS,
  checker_priority: IPVS,
  checker_no_swap: IPVS,
  checker_cpu_affinity: IPVS,
  checker_rt_priority: IPVS,
  checker_rlimit_rttime: IPVS,
  checker_rlimit_rtime: IPVS,
  bfd_process_name: BFD,
  bfd_priority: BFD,
  bfd_no_swap: BFD,
  bfd_cpu_affinity: BFD,
  bfd_rt_priority: BFD,
  bfd_rlimit_rttime: BFD,
  bfd_rlimit_rtime: BFD,
  snmp_socket: SNMP,
  enable_snmp_vrrp: SNMP,
  enable_snmp_keepalived: SNMP,
  enable_snmp_checker: SNMP,
  enable_snmp_rfc: SNMP,
  enable_snmp_rfcv2: SNMP,
  enable_snmp_rfcv3: SNMP,
  enable_traps: SNMP,
  enable_dbus: DBUS,
  dbus_service_name: DBUS,
  process_names: PROCESS,
  process_name: PROCESS,
  vrrp_process_name: PROCESS,
  child_wait_time: PROCESS,
  use_pid_dir: PROCESS,
  umask: PROCESS,
  dynamic_interfaces: { code: 'no-effect', message: 'interfaces may come and go in any case' },
  nftables: FIREWALL,
  nftables_priority: FIREWALL,
  nftables_counters: FIREWALL,
  nftables_ifindex: FIREWALL,
  vrrp_iptables: FIREWALL,
  vrrp_ipsets: FIREWALL,
  namespace_with_ipsets: FIREWALL,
  disable_local_igmp: {
    code: 'not-run',
    message: 'the kernel setting is left as it is',
    remedy: "set 'net.ipv4.igmp_link_local_mcast_reports=0' with sysctl",
  },
  net_namespace: NAMESPACE,
  max_auto_priority: PRIORITY,
  min_auto_priority_delay: PRIORITY,
  vrrp_priority: PRIORITY,
  vrrp_cpu_affinity: AFFINITY,
  vrrp_rlimit_rttime: PRIORITY,
  vrrp_rlimit_rtime: PRIORITY,
  vrrp_netlink_cmd_rcv_bufs: BUFFERS,
  vrrp_netlink_cmd_rcv_bufs_force: BUFFERS,
  vrrp_netlink_monitor_rcv_bufs: BUFFERS,
  vrrp_netlink_monitor_rcv_bufs_force: BUFFERS,
  process_monitor_rcv_bufs: BUFFERS,
  process_monitor_rcv_bufs_force: BUFFERS,
  vrrp_rx_bufs_policy: BUFFERS,
  vrrp_rx_bufs_multiplier: BUFFERS,
  linkbeat_use_polling: POLLING,
  fifo_write_vrrp_states_on_reload: {
    code: 'not-run',
    message: 'a reload that changes no state writes none',
    remedy: "ask 'fairlead vip status --json'",
  },
  vmac_addr_prefix: {
    code: 'not-run',
    message: "all VMACs have the prefix of 'vmac_prefix'",
    remedy: 'name the VMAC behind use_vmac',
  },
  tmp_config_directory: FILES,
  config_save_dir: FILES,
  data_use_instance: { code: 'no-effect', message: 'the files of SIGUSR1 and SIGUSR2 have fixed names' },
  reload_check_config: RELOAD,
  reload_file: RELOAD,
  reload_repeat: RELOAD,
  reload_time_file: {
    code: 'not-run',
    message: 'reloads at a time of the day are left to the system',
    remedy: "use a systemd timer with 'fairlead reload'",
  },
};

/** In `vrrp_instance`. */
export const INSTANCE_REASONS: { readonly [keyword: string]: Reason } = {
  debug: { code: 'no-effect', message: 'keepalived does not implement it either' },
  kernel_rx_buf_size: BUFFERS,
  linkbeat_use_polling: POLLING,
  old_unicast_checksum: {
    code: 'not-run',
    message: 'the checksum of keepalived before 1.3.6 is not spoken',
    remedy: 'update the other router, and remove the line',
  },
  lvs_sync_daemon_interface: IPVS,
};

/** Blocks at the top of a file. `error`: without them the host would not do what it did before. */
export const BLOCK_REASONS: {
  readonly [keyword: string]: Reason & { readonly isError?: true; readonly hasNoBlock?: true };
} = {
  virtual_server: {
    code: 'no-ipvs',
    message: 'IPVS is not supported',
    remedy:
      "remove the block, and write a 'listen' section of haproxy.cfg or a service of fairlead.yaml with these servers",
    isError: true,
  },
  virtual_server_group: {
    code: 'no-ipvs',
    message: 'IPVS is not supported',
    remedy: 'remove the block; bind a service on each of its addresses',
    isError: true,
  },
  SSL: {
    code: 'no-ipvs',
    message: 'the checks of IPVS are not supported',
    remedy: "remove the block; write 'check' in a service",
  },
  bfd_instance: {
    code: 'no-bfd',
    message: 'BFD is not supported',
    remedy: "remove the block; 'version 3' and 'advert_int 0.1' notice a silent router as fast",
  },
  linkbeat_interfaces: POLLING,
  interface_up_down_delays: {
    code: 'not-run',
    message: 'an interface that goes down counts at once',
    remedy: "write 'down_timer_adverts' or 'preempt_delay' to ride out short failures",
  },
};

/** Understood, said, and passed over with all its words. */
export function reasonKeywords<T>(reasons: { readonly [keyword: string]: Reason }): { [keyword: string]: Keyword<T> } {
  return Object.fromEntries(
    Object.entries(reasons).map(([name, { code, message, remedy }]): [string, Keyword<T>] => [
      name,
      {
        read: ({ diag, loc }) => {
          const text = `'${name}': ${message}`;
          if (code === 'no-effect') diag.notice(code, loc, text, remedy);
          else diag.warning(code, loc, text, remedy);
        },
      },
    ]),
  );
}
