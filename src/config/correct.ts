/** Known slips that can be set right without changing what runs: the model keeps its meaning and says it plainly. */
import { correctHttp } from './correct-http.js';
import type { Diagnostics } from './diagnostics.js';
import type { Located, Model, Proxy, Secret } from './model.js';

/** Where docs/notify.md has it. */
const TOKEN_PATH = '/etc/fairlead/notify.token';

/** Corrects `model` in place, and notes each correction in `diag`. */
export function correct(model: Model, diag: Diagnostics): void {
  for (const proxy of model.proxies) {
    dropDeadRules(proxy, diag);
    nameDefaultBackend(proxy, diag);
    correctHttp(proxy, diag);
    hidePassword(proxy.check.role, proxy.name, diag);
  }
  for (const { name, check } of model.agents) hidePassword(check, name, diag);
  hideToken(model, diag);
  for (const vip of model.vips?.instances ?? []) hidePassword(vip, vip.name, diag);
}

/** Nothing comes to a rule behind one that always holds. */
function dropDeadRules(proxy: Proxy, diag: Diagnostics): void {
  const last = proxy.useBackends.findIndex((rule) => rule.condition === undefined);
  if (last < 0) return;
  for (const dead of proxy.useBackends.splice(last + 1)) {
    const message = `'use_backend ${dead.backend}' is left out: the rule above it always holds`;
    diag.notice('corrected', dead.loc, message);
  }
}

/** `use_backend` without a condition, as the last rule, is what `default_backend` says. */
function nameDefaultBackend(proxy: Proxy, diag: Diagnostics): void {
  const last = proxy.useBackends.at(-1);
  if (last === undefined || last.condition !== undefined || last.isFormat) return;
  proxy.useBackends.pop();
  proxy.defaultBackend = last.backend;
  diag.notice('corrected', last.loc, `'use_backend ${last.backend}' without a condition becomes the default backend`);
}

function hideToken({ control }: Model, diag: Diagnostics): void {
  if (control?.token.from !== 'text') return;
  control.token = { from: 'file', path: TOKEN_PATH };
  const loc = control.at?.token ?? control.loc;
  diag.notice('password-left-out', loc, `the token is not printed: write it into ${TOKEN_PATH}, with mode 0400`);
}

/** A password that was written out gets a place of its own: it is not printed again. */
function hidePassword(role: (Located & { password?: Secret }) | undefined, name: string, diag: Diagnostics): void {
  if (role?.password?.from !== 'text' || role.password.text === '') return;
  const path = `/etc/fairlead/${name}.password`;
  const loc = role.at?.password ?? role.loc;
  role.password = { from: 'file', path };
  diag.notice('password-left-out', loc, `the password is not printed: write it into ${path}, with mode 0400`);
}
