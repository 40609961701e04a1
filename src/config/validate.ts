/**
 * What can only be judged when everything is read: names that must exist, settings that contradict each other, and
 * traps that HAProxy accepts in silence. It judges the model, so it serves every configuration language alike.
 */
import type { Diagnostics } from './diagnostics.js';
import type { Model } from './model.js';
import { validateAgents } from './validate/agents.js';
import { validateFetchReferences } from './validate/fetch-references.js';
import { validateHttp } from './validate/http.js';
import { validateListeners } from './validate/listeners.js';
import { validateOwnChecks } from './validate/own-checks.js';
import { validateReferences } from './validate/references.js';
import { validateRoleChecks } from './validate/role-checks.js';
import { validateRules } from './validate/rules.js';
import { validateServers } from './validate/servers.js';
import { validateSettings } from './validate/settings.js';
import { validateVips } from './validate/vips.js';

/** Adds what it finds to `diag`; errors mean that the model must not run. */
export function validate(model: Model, diag: Diagnostics): void {
  validateReferences(model, diag);
  validateFetchReferences(model, diag);
  validateListeners(model, diag);
  validateAgents(model, diag);
  validateServers(model, diag);
  validateRoleChecks(model, diag);
  validateOwnChecks(model, diag);
  validateRules(model, diag);
  validateHttp(model, diag);
  validateSettings(model, diag);
  validateVips(model, diag);
}
