/** `server`, `server-template` and `default-server` lines (manual §5.2). */
import { parseServerAddress, type ServerAddress } from '../address.js';
import type { Server } from '../model.js';
import type { Line } from './line.js';
import type { ProxySection } from './section.js';
import { readSettings, type Settings } from './server-options.js';

/** The most servers one `server-template` line may make: as many as a backend can count. */
const MAX_TEMPLATE_SERVERS = 4096;

export function readServer(line: Line, section: ProxySection): void {
  const [name, text] = [line.text(1), line.text(2)];
  if (!line.has(1) || !line.has(2)) {
    line.error('missing-argument', 0, "'server' needs a name and an address", "write 'server NAME HOST:PORT'");
    return;
  }
  checkName(line, name);
  checkDuplicate(line, name, section);
  const address = line.parsed(2, parseServerAddress(text), 'bad-address');
  const settings = readSettings(line, 3, section.defaultServer);
  if (address) section.proxy.servers.push(makeServer(line, name, address, settings));
}

/** `server-template PREFIX COUNT|LOW-HIGH ADDRESS`: one server per number, alike but for its name. */
export function readServerTemplate(line: Line, section: ProxySection): void {
  if (!line.has(3)) {
    line.error(
      'missing-argument',
      0,
      "'server-template' needs a prefix, a number and an address",
      "write 'server-template NAME 1-3 HOST:PORT'",
    );
    return;
  }
  const [, first, , last = first] = /^(\d+)(-(\d+))?$/.exec(line.text(2)) ?? [];
  const low = line.text(2).includes('-') ? Number(first) : 1;
  const count = Number(last) - low + 1;
  if (!(low >= 1 && count >= 1 && count <= MAX_TEMPLATE_SERVERS)) {
    line.error(
      'bad-number',
      2,
      `'${line.text(2)}' is not a number of servers`,
      `write a number or a range up to ${MAX_TEMPLATE_SERVERS}, such as '3' or '1-3'`,
    );
    return;
  }
  checkName(line, line.text(1));
  const address = line.parsed(3, parseServerAddress(line.text(3)), 'bad-address');
  const { id, ...settings } = readSettings(line, 4, section.defaultServer);
  if (!address) return;
  for (let i = 0; i < count; i++) {
    const name = `${line.text(1)}${low + i}`;
    checkDuplicate(line, name, section);
    section.proxy.servers.push(
      makeServer(line, name, address, { ...settings, id: id === undefined ? undefined : id + i }),
    );
  }
}

/** Changes what the servers below start from. */
export function readDefaultServer(line: Line, section: ProxySection): void {
  const { id, ...settings } = readSettings(line, 1, section.defaultServer);
  if (id !== undefined)
    line.warning(
      'not-in-default-server',
      1,
      "'id' has no effect on a default-server line",
      'write it on the server line',
    );
  Object.assign(section.defaultServer, settings);
}

/** Numbers the servers that have no `id` of their own, from 1 and around those that have. */
export function numberServers(servers: Server[]): void {
  const taken = new Set(servers.map((server) => server.id));
  let next = 1;
  for (const server of servers) {
    if (server.id !== 0) continue;
    while (taken.has(next)) next++;
    server.id = next++;
  }
}

function makeServer(line: Line, name: string, address: ServerAddress, { id, ...settings }: Settings): Server {
  return { name, id: id ?? 0, ...address, ...structuredClone(settings), loc: line.whole };
}

function checkName(line: Line, name: string): void {
  const wrong = /[^A-Za-z0-9_.:-]/.exec(name)?.[0];
  if (wrong)
    line.error(
      'bad-name',
      1,
      `'${wrong}' cannot stand in the server name '${name}'`,
      'use letters, digits, and - _ . :',
    );
}

function checkDuplicate(line: Line, name: string, section: ProxySection): void {
  const other = section.proxy.servers.find((server) => server.name === name);
  if (other)
    line.error(
      'duplicate-server',
      1,
      `server '${name}' is already on line ${other.loc?.line}`,
      'give each server of a backend its own name',
    );
}
