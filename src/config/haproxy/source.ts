/** `source ADDRESS [usesrc …] [interface NAME]`, as a backend line and as a server option (manual §4.2, §5.2). */
import { parseSourceAddress } from '../address.js';
import type { SourceAddress } from '../model.js';
import type { Line } from './line.js';

export interface SourceReading {
  source?: SourceAddress;
  /** The first word after the source and its own options. */
  next: number;
}

/** @param i word of the address; @param allowsRange server lines may give a port range */
export function readSource(line: Line, i: number, allowsRange: boolean): SourceReading {
  if (!line.has(i)) {
    line.error('missing-argument', i - 1, "'source' needs an address", "write it after 'source'");
    return { next: i };
  }
  const address = line.parsed(i, parseSourceAddress(line.text(i), allowsRange), 'bad-address');
  const { next, ...options } = readSourceOptions(line, i + 1);
  return { source: address && { ...address, ...options, loc: line.whole }, next };
}

function readSourceOptions(line: Line, from: number): Pick<SourceAddress, 'usesrc' | 'interface'> & { next: number } {
  const options: Pick<SourceAddress, 'usesrc' | 'interface'> = {};
  let next = from;
  for (; line.text(next) === 'usesrc' || line.text(next) === 'interface'; next += 2) {
    if (line.text(next) === 'usesrc') options.usesrc = readUsesrc(line, next + 1);
    else if (line.has(next + 1)) options.interface = line.text(next + 1);
    else line.error('missing-argument', next, "'interface' needs a name", "write it after 'interface'");
  }
  return { ...options, next };
}

function readUsesrc(line: Line, i: number): SourceAddress['usesrc'] {
  const text = line.text(i);
  if (text === 'client' || text === 'clientip') return text;
  if (text.startsWith('hdr_ip(')) {
    line.warning('http-only', i, "'usesrc hdr_ip' does not run in this version", "write 'usesrc clientip'");
    return undefined;
  }
  if (text === '') {
    line.error('missing-argument', i, "'usesrc' needs an address", "write 'client', 'clientip' or an address after it");
    return undefined;
  }
  return line.parsed(i, parseSourceAddress(text, false), 'bad-address');
}
