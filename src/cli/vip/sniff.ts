import type { Command } from 'commander';
export function registerSniff(_vip: Command): void {}
