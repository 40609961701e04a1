/**
 * `option http-restrict-req-hdr-names`: names with other characters than letters, digits and dashes, which servers may
 * mistake for others. HAProxy looks at them behind all rules (observed), so these stand behind the `redirect` lines.
 */
import type { HttpRule, HttpSettings } from '../../../config/http-model.js';

export function restrictionRules({ restrictReqHdrNames }: HttpSettings): HttpRule[] {
  if (restrictReqHdrNames === 'delete')
    return [{ on: 'request', action: { do: 'del-header', name: '[^a-zA-Z0-9-]', match: 'reg' } }];
  if (restrictReqHdrNames !== 'reject') return [];
  const names = { fetch: 'req.hdr_names', args: [], converters: [] };
  const test = { ...names, flags: [], match: 'reg', patterns: ['[^a-zA-Z0-9,-]'] };
  return [
    {
      on: 'request',
      action: { do: 'deny', reply: { isDefaultErrorFiles: true } },
      condition: { when: 'if', anyOf: [[{ negate: false, test }]] },
    },
  ];
}
