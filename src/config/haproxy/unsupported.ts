/** Sections outside the plan: one message each, and their lines are passed over with it. */
import type { Line } from './line.js';
import type { Section } from './section.js';

interface Unsupported {
  /** Whether everything else still works without it. */
  severity: 'error' | 'warning';
  instead: string;
}

const SECTIONS: { [keyword: string]: Unsupported } = {
  peers: {
    severity: 'warning',
    instead: 'stick tables are not copied between nodes: each has its own',
  },
  resolvers: {
    severity: 'warning',
    instead: 'names are resolved, and kept resolved, by the resolver of the system (resolv.conf)',
  },
  mailers: { severity: 'warning', instead: 'send mail from what reads the logs' },
  cache: { severity: 'warning', instead: 'put an HTTP cache behind the proxy' },
  program: { severity: 'error', instead: 'start the program from systemd, with a unit of its own' },
  ring: { severity: 'error', instead: 'log over UDP or to a unix socket' },
  'log-forward': { severity: 'error', instead: 'use a syslog daemon' },
  'fcgi-app': { severity: 'error', instead: 'put a web server in front of the application' },
  'crt-store': { severity: 'error', instead: 'terminate TLS in front, or let it pass through in mode tcp' },
  acme: { severity: 'error', instead: 'use an ACME client beside the program that terminates TLS' },
  traces: { severity: 'warning', instead: 'remove it' },
};

export const UNSUPPORTED_SECTIONS = Object.keys(SECTIONS);

export function isUnsupportedSection(keyword: string): boolean {
  return Object.hasOwn(SECTIONS, keyword);
}

export function openUnsupported(line: Line): Section {
  const keyword = line.text(0);
  const { severity, instead } = SECTIONS[keyword];
  line.diag[severity](
    'unsupported-section',
    line.whole,
    `section '${keyword}' is not supported, its lines are not read`,
    instead,
  );
  return { name: line.text(1) || keyword, line: () => {}, end: () => {} };
}
