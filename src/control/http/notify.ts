/**
 * `POST /v1/notify`: something changed on a database host, so its servers are checked now. The caller decides nothing:
 * what the check finds counts as ever.
 */
import { hasBackend } from '../../config/defaults.js';
import type { Proxy, Server } from '../../config/model.js';
import { didYouMean } from '../../config/suggest.js';
import type { Engine } from '../engine.js';
import { findSubject } from '../subjects.js';
import type { Refusal } from './answer.js';
import type { Fields } from './body.js';

/** Names and address of what changed; everything else a caller sends is told in history. */
const ADDRESSING = ['backend', 'server', 'host'];
const WHY_LENGTH_MAX = 160;

interface Target {
  readonly proxy: Proxy;
  readonly server: Server;
}

export interface Notified {
  readonly rechecked: string[];
  readonly skipped: { server: string; why: string }[];
}

/** @param from the client's address */
export async function notify(engine: Engine, fields: Fields, from: string): Promise<Notified | Refusal> {
  const targets = targetsOf(engine, fields);
  if ('status' in targets) return targets;
  const why = whyOf(fields, from);
  const results = await Promise.all(
    targets.map(async ({ proxy, server }) => ({
      server: `${proxy.name}/${server.name}`,
      why: await engine.admin(proxy.name, server.name, { do: 'recheck', why }),
    })),
  );
  const skipped = results.flatMap(({ server, why }) => (why === null ? [] : [{ server, why }]));
  return { rechecked: results.filter(({ why }) => why === null).map(({ server }) => server), skipped };
}

function whyOf(fields: Fields, from: string): string {
  const rest = [...fields].filter(([name, value]) => !ADDRESSING.includes(name) && value !== '');
  const told = rest.map(([name, value]) => `${name}=${value}`).join(', ');
  const text = `notify from ${from}${told === '' ? '' : `: ${told}`}`;
  return text.replace(/[\x00-\x1f\x7f]+/g, ' ').slice(0, WHY_LENGTH_MAX);
}

/** Servers with checks of their own that fit all that is named; all of them where nothing is. */
function targetsOf(engine: Engine, fields: Fields): Target[] | Refusal {
  const named = nameOf(fields);
  const subject = named === undefined ? undefined : findSubject(engine.model, named);
  if (subject?.ok === false) return { status: 404, code: 'NO_SUCH_SERVER', message: subject.why };
  const proxies = subject === undefined ? engine.model.proxies.filter(hasBackend) : [subject.value.proxy];
  const only = subject?.value.server ?? fields.get('server');
  const checked = proxies.flatMap((proxy) => proxy.servers.filter(isChecked).map((server) => ({ proxy, server })));
  const fitting = checked.filter(
    ({ server }) => fits(server, only) && isOn(engine, fields.get('host'), server, checked),
  );
  return fitting.length > 0 ? fitting : nothingFits(fields, checked);
}

/** `BACKEND` or `BACKEND/SERVER`, from one field or from two. */
function nameOf(fields: Fields): string | undefined {
  const [backend, server] = [fields.get('backend'), fields.get('server')];
  if (server?.includes('/')) return server;
  if (!backend) return undefined;
  return server ? `${backend}/${server}` : backend;
}

function isChecked(server: Server): boolean {
  return server.check === true && server.track === undefined;
}

function fits(server: Server, only: Server | string | undefined): boolean {
  if (only === undefined || only === '') return true;
  return typeof only === 'string' ? server.name === only : server === only;
}

function isOn(engine: Engine, host: string | undefined, server: Server, all: readonly Target[]): boolean {
  if (!host) return true;
  const [, name, port] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(isBareIPv6(host) ? `[${host}]` : host)!;
  const proxy = all.find((target) => target.server === server)!.proxy;
  const now = engine.serverAddress(proxy.name, server);
  const written = server.address.kind === 'inet' ? server.address.host : '';
  return (now.host === name || written === name) && (port === undefined || now.port === Number(port));
}

function isBareIPv6(host: string): boolean {
  return host.split(':').length > 2 && !host.startsWith('[');
}

function nothingFits(fields: Fields, checked: readonly Target[]): Refusal {
  const host = fields.get('host');
  const server = fields.get('server');
  const names = checked.map((target) => target.server.name);
  const message = host
    ? `no checked server is on host '${host}'; name it as its server line does, or by its address`
    : server
      ? `no checked server is called '${server}'; ${didYouMean(server, names, 'name one that has checks')}`
      : 'there is no server with checks of its own';
  return { status: 404, code: 'NO_SUCH_SERVER', message };
}
