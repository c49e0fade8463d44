/** `postern dkim …`: signatures of mail. Each sub-command has a file. */
import type { Command } from 'commander';
import { registerSign } from './dkim-sign.ts';
import { registerVerify } from './dkim-verify.ts';

export function register(program: Command): void {
  const dkim = program
    .command('dkim')
    .summary('sign and verify mail')
    .description('DKIM (RFC 6376): a domain signs the mail that it sends, and publishes the keys.');
  registerSign(dkim);
  registerVerify(dkim);
}
