/** Reads from `doveconf -n` what Dovecot does with mail that Postfix gives it. Pure. */
import type { DovecotFacts } from './facts.ts';

export function dovecotFactsIn(configuration: string, version: string): DovecotFacts {
  const lines = configuration.split('\n');
  const plugins = lines.filter((line) => /^\s*mail_plugins\b/.test(line)).join('\n');
  // Dovecot 2.4 lists plugins in blocks: `mail_plugins { quota = yes }`.
  const has = (name: string): boolean =>
    new RegExp(String.raw`\b${name}\b`).test(plugins) ||
    new RegExp(String.raw`^\s*mail_plugins\s*\{[^}]*\b${name}\s*=\s*yes`, 'm').test(configuration);
  return { quota: has('quota'), sieve: has('sieve'), quotaStatus: quotaStatus(lines), version };
}

/** Where quota-status listens, as check_policy_service names it; empty without it. */
function quotaStatus(lines: readonly string[]): string {
  const start = lines.findIndex((line) => /^service quota-status \{/.test(line));
  if (start < 0) return '';
  const end = lines.findIndex((line, nth) => nth > start && /^\}/.test(line));
  const block = lines.slice(start, end < 0 ? undefined : end).join('\n');
  const port = /^\s*port = (\d{1,5})/m.exec(block)?.[1];
  if (port !== undefined)
    return `inet:${/^\s*address = (\S+)/m.exec(block)?.[1] ?? '127.0.0.1'}:${port}`;
  const path = /unix_listener (\S+)/.exec(block)?.[1];
  return path === undefined ? '' : `unix:${path.replace(/^\/var\/spool\/postfix\//, '')}`;
}
