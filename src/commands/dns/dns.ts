/** `postern dns …`: plans, checks and watches the DNS records of a domain's mail. */
import type { Command } from 'commander';
import { registerCheck } from './check.ts';
import { registerPlan } from './plan.ts';
import { registerWatch } from './watch.ts';

export function register(program: Command): void {
  const dns = program
    .command('dns')
    .summary('plan, check and watch the DNS records of mail')
    .description(
      'The DNS records that identify the mail of a domain: SPF, DKIM, DMARC, MX, names and ' +
        'reverse names of the server, MTA-STS, TLS-RPT, TLSA.',
    );
  registerPlan(dns);
  registerCheck(dns);
  registerWatch(dns);
}
