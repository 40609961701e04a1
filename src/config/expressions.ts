/** Every sample expression of a part of the model, also those inside of formats. */
import { parseExpression } from '../core/expr/parse-expression.js';
import type { Loc } from './diagnostics.js';
import type { AclTest, Expression } from './model.js';

type Visit = (expression: Expression & { patterns?: string[] }, loc: Loc | undefined) => void;

/** @param loc of the nearest object that has one; handed to `visit` */
export function eachExpression(value: unknown, visit: Visit, loc?: Loc): void {
  if (typeof value === 'string') {
    if (value.includes('%[')) eachInFormat(value, visit, loc);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const here = (value as { loc?: Loc }).loc ?? loc;
  const { fetch, args, converters, patterns } = value as Partial<AclTest>;
  if (typeof fetch === 'string' && Array.isArray(args) && Array.isArray(converters)) {
    visit({ fetch, args, converters, patterns }, here);
    return;
  }
  for (const [key, inner] of Object.entries(value))
    if (key !== 'loc' && key !== 'at') eachExpression(inner, visit, here);
}

function eachInFormat(format: string, visit: Visit, loc: Loc | undefined): void {
  for (let at = format.indexOf('%['); at >= 0; at = format.indexOf('%[', at + 2)) {
    const found = parseExpression(format, at + 2, ']');
    if (found) visit(found.expression, loc);
  }
}
