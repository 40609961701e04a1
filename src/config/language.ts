/** Which configuration language a file is in: by its content, and by its name where the content leaves it open. */
import { basename } from 'node:path';

export type Language = 'haproxy' | 'yaml' | 'keepalived' | 'pgsqlchk' | 'xinetd' | 'clustercheck';

interface Sign {
  language: Language;
  pattern: RegExp;
}

/** Signs in the text, the surest first. */
const CONTENT: readonly Sign[] = [
  { language: 'pgsqlchk', pattern: /^\s*\{[\s\S]*"(webservers|health_check_user_password)"\s*:/ },
  {
    language: 'keepalived',
    pattern:
      /^\s*(?:@\S+\s+|~\w+\(.*\)\s*)*(vrrp_\w+|global_defs|virtual_server(_group)?|static_(ipaddress|routes|rules)|track_(file|group)|bfd_instance|garp_group|linkbeat_interfaces|interface_up_down_delays)\b/m,
  },
  { language: 'xinetd', pattern: /^[ \t]*(service[ \t]+\S+|defaults)\s*\n?\s*\{/m },
  // Braces may have been lost on the way; these two words together are xinetd's alone.
  { language: 'xinetd', pattern: /^[ \t]*service[ \t]+\S+[ \t]*$[\s\S]*^[ \t]*socket_type[ \t]*=/m },
  {
    language: 'haproxy',
    pattern: /^[ \t]*(global|defaults|listen|frontend|backend|userlist|peers)([ \t]+[^:\s].*)?$/m,
  },
  { language: 'yaml', pattern: /^(---|[A-Za-z_-]+[ \t]*:([ \t]|$))/m },
];

const NAMES: readonly Sign[] = [
  { language: 'clustercheck', pattern: /^clustercheck(\.conf)?$/ },
  { language: 'pgsqlchk', pattern: /\.json$/ },
  { language: 'yaml', pattern: /\.ya?ml$/ },
  { language: 'keepalived', pattern: /^keepalived.*\.conf$/ },
];

/** @param source what was read; a name ending in .yaml or .yml decides, for such a file can be nothing else */
export function languageOf(source: { file: string; text: string }): Language {
  const name = basename(source.file);
  if (/\.ya?ml$/.test(name)) return 'yaml';
  const sign =
    CONTENT.find(({ pattern }) => pattern.test(source.text)) ?? NAMES.find(({ pattern }) => pattern.test(name));
  return sign?.language ?? 'haproxy';
}
