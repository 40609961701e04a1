/**
 * Where in the life of a connection a sample fetch has something to look at (manual §7.3, and the table HAProxy prints
 * of its own): elsewhere HAProxy refuses an expression, and says that an ACL never matches.
 */

/** From the first bytes a client sends on, until its request is gone. */
const REQUEST = setOf(
  'base base32 base32+src baseq cook cook_cnt cook_val fcgi.docroot fcgi.index hdr_cnt hdr_ip hdr_val http_auth ' +
    'http_auth_bearer http_auth_group http_auth_pass http_auth_type http_auth_user path pathq query rdp_cookie ' +
    'rdp_cookie_cnt req.body req.body_len req.body_param req.body_size req.cook req.cook_cnt req.cook_val ' +
    'req.fhdr req.fhdr_cnt req.hdr req.hdr_cnt req.hdr_ip req.hdr_names req.hdr_val req.hdrs req.hdrs_bin req.len ' +
    'req.payload req.payload_lv req.rdp_cookie req.rdp_cookie_cnt req.ssl_alpn req.ssl_ec_ext req.ssl_hello_type ' +
    'req.ssl_sni req.ssl_st_ext req.ssl_ver req.ver req_len req_ssl_hello_type req_ssl_sni req_ssl_ver req_ver ' +
    'url url32 url32+src url_ip url_param url_port urlp urlp_val',
);

/** From the first bytes a client sends on, in responses too. */
const CONTENTS = setOf(
  'capture.req.hdr capture.req.method capture.req.uri capture.req.ver capture.res.ver cookie distcc_body ' +
    'distcc_param hdr http_first_req internal.htx.data internal.htx.free internal.htx.free_data ' +
    'internal.htx.has_eom internal.htx.nbblks internal.htx.size internal.htx.used internal.htx_blk.data ' +
    'internal.htx_blk.hdrname internal.htx_blk.hdrval internal.htx_blk.size internal.htx_blk.start_line ' +
    'internal.htx_blk.type method payload payload_lv req.proto_http req_proto_http',
);

/** Of TLS, once a connection has come through. */
const TLS = setOf(
  'ssl_c_ca_err ssl_c_ca_err_depth ssl_c_chain_der ssl_c_der ssl_c_err ssl_c_i_dn ssl_c_key_alg ssl_c_notafter ' +
    'ssl_c_notbefore ssl_c_s_dn ssl_c_serial ssl_c_sha1 ssl_c_sig_alg ssl_c_used ssl_c_verify ssl_c_version ' +
    'ssl_f_der ssl_f_i_dn ssl_f_key_alg ssl_f_notafter ssl_f_notbefore ssl_f_s_dn ssl_f_serial ssl_f_sha1 ' +
    'ssl_f_sig_alg ssl_f_version ssl_fc ssl_fc_alg_keysize ssl_fc_alpn ssl_fc_cipher ssl_fc_cipherlist_bin ' +
    'ssl_fc_cipherlist_hex ssl_fc_cipherlist_str ssl_fc_cipherlist_xxh ssl_fc_client_early_traffic_secret ' +
    'ssl_fc_client_handshake_traffic_secret ssl_fc_client_random ssl_fc_client_traffic_secret_0 ' +
    'ssl_fc_early_exporter_secret ssl_fc_ecformats_bin ssl_fc_eclist_bin ssl_fc_err ssl_fc_err_str ' +
    'ssl_fc_exporter_secret ssl_fc_extlist_bin ssl_fc_has_crt ssl_fc_has_early ssl_fc_has_sni ssl_fc_is_resumed ' +
    'ssl_fc_npn ssl_fc_protocol ssl_fc_protocol_hello_id ssl_fc_server_handshake_traffic_secret ' +
    'ssl_fc_server_random ssl_fc_server_traffic_secret_0 ssl_fc_session_id ssl_fc_session_key ssl_fc_sni ' +
    'ssl_fc_unique_id ssl_fc_use_keysize ssl_s_chain_der ssl_s_der ssl_s_i_dn ssl_s_key_alg ssl_s_notafter ' +
    'ssl_s_notbefore ssl_s_s_dn ssl_s_serial ssl_s_sha1 ssl_s_sig_alg ssl_s_version',
);

/** Once a backend is chosen. */
const BACKEND = setOf('be_id be_name be_server_timeout be_tunnel_timeout cur_server_timeout cur_tunnel_timeout');

/** Once a server is chosen. */
const SERVER = setOf('res.cache_hit res.cache_name srv_id srv_name');

/** Once a server has answered. */
const RESPONSE = setOf(
  'bc_dst bc_dst_port bc_err bc_err_str bc_http_major bc_src bc_src_port capture.res.hdr rep_ssl_hello_type ' +
    'res.body res.body_len res.body_size res.comp res.comp_algo res.cook res.cook_cnt res.cook_val res.fhdr ' +
    'res.fhdr_cnt res.hdr res.hdr_cnt res.hdr_ip res.hdr_names res.hdr_val res.hdrs res.hdrs_bin res.len ' +
    'res.payload res.payload_lv res.ssl_hello_type res.ver resp_ver scook scook_cnt scook_val shdr shdr_cnt ' +
    'shdr_ip shdr_val ssl_bc ssl_bc_alg_keysize ssl_bc_alpn ssl_bc_cipher ssl_bc_client_random ssl_bc_err ' +
    'ssl_bc_err_str ssl_bc_is_resumed ssl_bc_npn ssl_bc_protocol ssl_bc_server_random ssl_bc_session_id ' +
    'ssl_bc_session_key ssl_bc_unique_id ssl_bc_use_keysize status',
);

function setOf(names: string): ReadonlySet<string> {
  return new Set(names.split(' '));
}

/** Where expressions stand, in the order in which a connection comes by; formats of logs come last. */
export type Stage =
  | 'connection'
  | 'session'
  | 'content'
  | 'request'
  | 'backend-request'
  | 'use-server'
  | 'response'
  | 'log';

/** What a fetch looks at that is not there, in the words of a complaint; undefined where all is there. */
export function missingAt(fetch: string, stage: Stage): string | undefined {
  if (REQUEST.has(fetch)) {
    if (stage === 'connection' || stage === 'session') return 'the request, which has not come yet';
    return stage === 'response' || stage === 'log' ? 'the request, which is gone by then' : undefined;
  }
  if (stage === 'log' && /^(res\.(?!comp)|resp?_|s(cook|hdr))/.test(fetch))
    return 'the response, which is gone by then';
  if (RESPONSE.has(fetch))
    return stage === 'response' || stage === 'log' ? undefined : 'the response, which comes later';
  if (CONTENTS.has(fetch))
    return stage === 'connection' || stage === 'session' ? 'the request, which has not come yet' : undefined;
  if (TLS.has(fetch)) return stage === 'connection' ? 'TLS, which comes later' : undefined;
  if (SERVER.has(fetch))
    return stage === 'response' || stage === 'log' ? undefined : 'the server, which is chosen later';
  const isEarly = ['connection', 'session', 'content', 'request'].includes(stage);
  return BACKEND.has(fetch) && isEarly ? 'the backend, which is chosen later' : undefined;
}
