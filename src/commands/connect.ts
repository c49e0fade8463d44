/** `postern connect`: lists what can be connected. */
import type { Command } from 'commander';
import { registerSenders } from './connect/authors.ts';
import { registerBounces } from './connect/bounces/bounces.ts';
import { registerPostfix } from './connect/postfix.ts';
import { registerRecipients } from './connect/recipients/recipients.ts';
import { registerSendmail } from './connect/sendmail.ts';
import { registerSpamAssassin } from './connect/spamassassin.ts';
import { registerWebmail } from './connect/webmail/webmail.ts';

export function register(program: Command): void {
  const connect = program
    .command('connect')
    .description(
      'Connects Postfix, sendmail, a scanner, a webmail, or what sends without a login.',
    );
  registerSenders(connect);
  registerSpamAssassin(connect);
  registerSendmail(connect);
  registerPostfix(connect);
  registerRecipients(connect);
  registerBounces(connect);
  registerWebmail(connect);
}
