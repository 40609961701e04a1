/** What mode http needs of the configuration, compiled once at load. */
import type { HttpSettings } from '../../config/http-model.js';
import type { Model, Proxy } from '../../config/model.js';
import { matchesIp } from '../../core/expr/ip-pattern.js';
import { ipPatterns } from '../../core/expr/matchers.js';
import { compileLogText } from '../../core/log-format/format.js';
import type { InetAddress } from '../../linux/inet-address.js';
import type { BackendEntity, FrontendEntity } from '../entities.js';
import { BufferPool } from '../pools.js';
import type { DataplaneWorker } from '../worker-context.js';
import { Userlists } from './auth/userlists.js';
import { compileBalanceKey } from './balance-key.js';
import { HttpProgram } from './rules/program.js';

const BUFFER_BYTES = 16_384;
const REWRITE_BYTES = 1024;
const KEPT_BUFFERS = 256;

/** `tune.bufsize`, `tune.maxrewrite`. Buffers of another size than before are not used again. */
export function configureHttp(worker: DataplaneWorker, model: Model): void {
  const { tune } = model.global;
  worker.users = new Userlists(model.userlists, (key, password, hash) =>
    worker.tellMain({ type: 'check-password', index: worker.index, key, password, hash }),
  );
  const bytes = Math.min(65_536, Math.max(BUFFER_BYTES, Number(tune.bufsize ?? BUFFER_BYTES))) & ~7;
  worker.httpHeadBytes = bytes - Math.min(bytes >> 1, Number(tune.maxrewrite ?? REWRITE_BYTES));
  if (bytes === worker.httpBytes) return;
  worker.httpBytes = bytes;
  worker.httpBuffers = new BufferPool(bytes, KEPT_BUFFERS);
}

export function configureHttpFrontend(frontend: FrontendEntity, proxy: Proxy, model: Model): void {
  const t = proxy.timeouts;
  frontend.isHttp = proxy.mode === 'http';
  frontend.program = new HttpProgram(proxy, model);
  frontend.httpRequestMs = t.httpRequest ?? 0;
  frontend.httpKeepAliveMs = t.httpKeepAlive ?? 0;
  frontend.tarpitMs = t.tarpit ?? t.connect ?? 0;
  const { uniqueIdFormat } = proxy.http;
  frontend.uniqueId = uniqueIdFormat === undefined ? null : compileLogText(uniqueIdFormat);
  configureSides(frontend, proxy.http);
}

export function configureHttpBackend(backend: BackendEntity, proxy: Proxy, model: Model): void {
  backend.isHttp = proxy.mode === 'http';
  backend.program = new HttpProgram(proxy, model);
  backend.balanceKey = compileBalanceKey(proxy.balance, proxy.hashType);
  backend.reuse = proxy.http.reuse ?? 'safe';
  backend.tarpitMs = proxy.timeouts.tarpit ?? proxy.timeouts.connect ?? 0;
  backend.persists = proxy.http.cookie !== undefined || proxy.forcePersist.length > 0 || proxy.ignorePersist.length > 0;
  backend.retryOn = retrySet(proxy.http.retryOn);
  configureSides(backend, proxy.http);
}

function configureSides(entity: FrontendEntity | BackendEntity, http: HttpSettings): void {
  const mode = http.connectionMode ?? 'keep-alive';
  entity.keepsServers = mode === 'keep-alive';
  entity.keepsClients = mode !== 'close';
  entity.sourceExcepted = exception(http.forwardFor ? http.forwardFor.except : undefined);
  entity.destinationExcepted = exception(http.originalTo ? http.originalTo.except : undefined);
}

/** `all-retryable-errors` (manual, `retry-on`). */
const RETRYABLE = ['conn-failure', 'empty-response', 'junk-response', 'response-timeout', '0rtt-rejected'];
const RETRYABLE_STATUS = ['500', '502', '503', '504'];

function retrySet(words: readonly string[] | undefined): ReadonlySet<string> | null {
  if (words === undefined) return null;
  const all = words.flatMap((word) => (word === 'all-retryable-errors' ? [...RETRYABLE, ...RETRYABLE_STATUS] : [word]));
  return new Set(all);
}

const ip = new Uint8Array(16);

/** `except NETWORK` of forwardfor and originalto. */
function exception(network: string | undefined): ((address: InetAddress) => boolean) | null {
  if (network === undefined) return null;
  const patterns = ipPatterns([network]);
  if (typeof patterns === 'string') return null;
  return (address) => {
    const family = address.copyIp(ip);
    return patterns.some((pattern) => matchesIp(pattern, family, ip));
  };
}
