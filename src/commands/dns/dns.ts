/**
 * `postern dns …`: what to publish for a domain's mail, what is wrong with it, and when the world
 * sees it.
 */
import type { Command } from 'commander';
import { registerCheck } from './check.ts';
import { registerPlan } from './plan.ts';
import { registerWatch } from './watch.ts';

export function register(program: Command): void {
  const dns = program
    .command('dns')
    .summary('plan, check and watch the DNS records of mail')
    .description(
      'The records by which the world knows the mail of a domain: SPF, DKIM, DMARC, MX, names of the server and their ' +
        'reverse, MTA-STS, TLS-RPT, TLSA.',
    );
  registerPlan(dns);
  registerCheck(dns);
  registerWatch(dns);
}
