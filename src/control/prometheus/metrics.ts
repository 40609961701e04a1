/**
 * The metrics of the exporter by the names that HAProxy 2.6 gives them (observed), in its order: that of the fields of
 * `show info` and `show stat`. What each means is in those tables.
 */

type MetricType = 'gauge' | 'counter';

/** How a value is written: as it is, milliseconds as seconds, or one line per state it could have. */
type Form = 'number' | 'seconds' | 'state' | 'check' | 'responses';

/** Kinds of rows: frontend, listener, backend, server. */
export type Scope = 'F' | 'L' | 'B' | 'S';

interface Metric {
  /** Field of `show stat`. */
  readonly field: string;
  /** Behind `haproxy_frontend_` and the like. */
  readonly name: string;
  readonly type: MetricType;
  readonly scopes: string;
  readonly form: Form;
  /** Proxies in mode tcp have none of it. */
  readonly isHttp: boolean;
}

const TABLE: readonly (readonly [
  field: string,
  name: string,
  type: MetricType,
  scopes: string,
  note?: Form | 'http',
])[] = [
  ['qcur', 'current_queue', 'gauge', 'BS'],
  ['qmax', 'max_queue', 'gauge', 'BS'],
  ['scur', 'current_sessions', 'gauge', 'FLBS'],
  ['smax', 'max_sessions', 'gauge', 'FLBS'],
  ['slim', 'limit_sessions', 'gauge', 'FLBS'],
  ['stot', 'sessions_total', 'counter', 'FLBS'],
  ['bin', 'bytes_in_total', 'counter', 'FLBS'],
  ['bout', 'bytes_out_total', 'counter', 'FLBS'],
  ['dreq', 'requests_denied_total', 'counter', 'FLB'],
  ['dresp', 'responses_denied_total', 'counter', 'FLBS'],
  ['ereq', 'request_errors_total', 'counter', 'FL'],
  ['econ', 'connection_errors_total', 'counter', 'BS'],
  ['eresp', 'response_errors_total', 'counter', 'BS'],
  ['wretr', 'retry_warnings_total', 'counter', 'BS'],
  ['wredis', 'redispatch_warnings_total', 'counter', 'BS'],
  ['status', 'status', 'gauge', 'FLBS', 'state'],
  ['weight', 'weight', 'gauge', 'BS'],
  ['act', 'active_servers', 'gauge', 'B'],
  ['bck', 'backup_servers', 'gauge', 'B'],
  ['chkfail', 'check_failures_total', 'counter', 'S'],
  ['chkdown', 'check_up_down_total', 'counter', 'BS'],
  ['lastchg', 'check_last_change_seconds', 'gauge', 'BS'],
  ['downtime', 'downtime_seconds_total', 'counter', 'BS'],
  ['qlimit', 'queue_limit', 'gauge', 'S'],
  ['throttle', 'current_throttle', 'gauge', 'S'],
  ['lbtot', 'loadbalanced_total', 'counter', 'BS'],
  ['rate_lim', 'limit_session_rate', 'gauge', 'F'],
  ['rate_max', 'max_session_rate', 'gauge', 'FBS'],
  ['check_status', 'check_status', 'gauge', 'S', 'check'],
  ['check_code', 'check_code', 'gauge', 'S'],
  ['check_duration', 'check_duration_seconds', 'gauge', 'S', 'seconds'],
  ['hrsp_1xx', 'http_responses_total', 'counter', 'FBS', 'responses'],
  ['req_rate_max', 'http_requests_rate_max', 'gauge', 'F', 'http'],
  ['req_tot', 'http_requests_total', 'counter', 'FB', 'http'],
  ['cli_abrt', 'client_aborts_total', 'counter', 'BS'],
  ['srv_abrt', 'server_aborts_total', 'counter', 'BS'],
  ['comp_in', 'http_comp_bytes_in_total', 'counter', 'FB', 'http'],
  ['comp_out', 'http_comp_bytes_out_total', 'counter', 'FB', 'http'],
  ['comp_byp', 'http_comp_bytes_bypassed_total', 'counter', 'FB', 'http'],
  ['comp_rsp', 'http_comp_responses_total', 'counter', 'FB', 'http'],
  ['lastsess', 'last_session_seconds', 'gauge', 'BS'],
  ['qtime', 'queue_time_average_seconds', 'gauge', 'BS', 'seconds'],
  ['ctime', 'connect_time_average_seconds', 'gauge', 'BS', 'seconds'],
  ['rtime', 'response_time_average_seconds', 'gauge', 'BS', 'seconds'],
  ['ttime', 'total_time_average_seconds', 'gauge', 'BS', 'seconds'],
  ['conn_rate_max', 'connections_rate_max', 'gauge', 'F'],
  ['conn_tot', 'connections_total', 'counter', 'F'],
  ['intercepted', 'intercepted_requests_total', 'counter', 'F', 'http'],
  ['dcon', 'denied_connections_total', 'counter', 'FL'],
  ['dses', 'denied_sessions_total', 'counter', 'FL'],
  ['wrew', 'failed_header_rewriting_total', 'counter', 'FLBS'],
  ['connect', 'connection_attempts_total', 'counter', 'BS'],
  ['reuse', 'connection_reuses_total', 'counter', 'BS'],
  ['cache_lookups', 'http_cache_lookups_total', 'counter', 'FB', 'http'],
  ['cache_hits', 'http_cache_hits_total', 'counter', 'FB', 'http'],
  ['srv_icur', 'idle_connections_current', 'gauge', 'S'],
  ['src_ilim', 'idle_connections_limit', 'gauge', 'S'],
  ['qtime_max', 'max_queue_time_seconds', 'gauge', 'BS', 'seconds'],
  ['ctime_max', 'max_connect_time_seconds', 'gauge', 'BS', 'seconds'],
  ['rtime_max', 'max_response_time_seconds', 'gauge', 'BS', 'seconds'],
  ['ttime_max', 'max_total_time_seconds', 'gauge', 'BS', 'seconds'],
  ['eint', 'internal_errors_total', 'counter', 'FLBS'],
  ['idle_conn_cur', 'unsafe_idle_connections_current', 'gauge', 'S'],
  ['safe_conn_cur', 'safe_idle_connections_current', 'gauge', 'S'],
  ['used_conn_cur', 'used_connections_current', 'gauge', 'S'],
  ['need_conn_est', 'need_connections_current', 'gauge', 'S'],
  ['uweight', 'uweight', 'gauge', 'BS'],
  ['agg_server_status', 'agg_server_status', 'gauge', 'B', 'state'],
  ['agg_server_check_status', 'agg_server_check_status', 'gauge', 'B', 'state'],
  ['agg_check_status', 'agg_check_status', 'gauge', 'B', 'check'],
];

export const METRICS: readonly Metric[] = TABLE.map(([field, name, type, scopes, note]) => ({
  field,
  name,
  type,
  scopes,
  form: note === undefined || note === 'http' ? 'number' : note,
  isHttp: note === 'http' || note === 'responses',
}));

/** Of the whole process: name behind `haproxy_process_`, field of `show info`. */
export const PROCESS_METRICS: readonly (readonly [name: string, field: string])[] = [
  ['nbthread', 'Nbthread'],
  ['nbproc', 'Nbproc'],
  ['relative_process_id', 'Process_num'],
  ['uptime_seconds', 'Uptime_sec'],
  ['pool_failures_total', 'PoolFailed'],
  ['max_fds', 'Ulimit-n'],
  ['max_sockets', 'Maxsock'],
  ['max_connections', 'Maxconn'],
  ['hard_max_connections', 'Hard_maxconn'],
  ['current_connections', 'CurrConns'],
  ['connections_total', 'CumConns'],
  ['requests_total', 'CumReq'],
  ['max_ssl_connections', 'MaxSslConns'],
  ['current_ssl_connections', 'CurrSslConns'],
  ['ssl_connections_total', 'CumSslConns'],
  ['max_pipes', 'Maxpipes'],
  ['pipes_used_total', 'PipesUsed'],
  ['pipes_free_total', 'PipesFree'],
  ['current_connection_rate', 'ConnRate'],
  ['limit_connection_rate', 'ConnRateLimit'],
  ['max_connection_rate', 'MaxConnRate'],
  ['current_session_rate', 'SessRate'],
  ['limit_session_rate', 'SessRateLimit'],
  ['max_session_rate', 'MaxSessRate'],
  ['current_ssl_rate', 'SslRate'],
  ['limit_ssl_rate', 'SslRateLimit'],
  ['max_ssl_rate', 'MaxSslRate'],
  ['current_frontend_ssl_key_rate', 'SslFrontendKeyRate'],
  ['max_frontend_ssl_key_rate', 'SslFrontendMaxKeyRate'],
  ['frontend_ssl_reuse', 'SslFrontendSessionReuse_pct'],
  ['current_backend_ssl_key_rate', 'SslBackendKeyRate'],
  ['max_backend_ssl_key_rate', 'SslBackendMaxKeyRate'],
  ['ssl_cache_lookups_total', 'SslCacheLookups'],
  ['ssl_cache_misses_total', 'SslCacheMisses'],
  ['http_comp_bytes_in_total', 'CompressBpsIn'],
  ['http_comp_bytes_out_total', 'CompressBpsOut'],
  ['limit_http_comp', 'CompressBpsRateLim'],
  ['current_zlib_memory', 'ZlibMemUsage'],
  ['max_zlib_memory', 'MaxZlibMemUsage'],
  ['current_tasks', 'Tasks'],
  ['current_run_queue', 'Run_queue'],
  ['idle_time_percent', 'Idle_pct'],
  ['stopping', 'Stopping'],
  ['jobs', 'Jobs'],
  ['unstoppable_jobs', 'Unstoppable Jobs'],
  ['listeners', 'Listeners'],
  ['active_peers', 'ActivePeers'],
  ['connected_peers', 'ConnectedPeers'],
  ['dropped_logs_total', 'DroppedLogs'],
  ['busy_polling_enabled', 'BusyPolling'],
  ['failed_resolutions', 'FailedResolutions'],
  ['bytes_out_total', 'TotalBytesOut'],
  ['spliced_bytes_out_total', 'TotalSplicdedBytesOut'],
  ['bytes_out_rate', 'BytesOutRate'],
  ['recv_logs_total', 'CumRecvLogs'],
  ['build_info', 'Build info'],
  ['max_memory_bytes', 'Memmax_bytes'],
  ['pool_allocated_bytes', 'PoolAlloc_bytes'],
  ['pool_used_bytes', 'PoolUsed_bytes'],
  ['start_time_seconds', 'Start_time_sec'],
];

/** @returns the type of a metric of the process: its name tells, but for one */
export function processType(name: string): MetricType {
  return name.endsWith('_total') || name === 'failed_resolutions' ? 'counter' : 'gauge';
}
