/** `postern dkim …`: DKIM keys and signatures. Each sub-command has a file. */
import type { Command } from 'commander';
import { registerImport } from './import.ts';
import { registerKeys } from './keys.ts';
import { registerSign } from './sign.ts';
import { registerVerify } from './verify.ts';

export function register(program: Command): void {
  const dkim = program
    .command('dkim')
    .summary('DKIM keys, and signatures of mail')
    .description('DKIM (RFC 6376): a domain signs the mail that it sends, and publishes its keys.');
  registerKeys(dkim);
  registerImport(dkim);
  registerSign(dkim);
  registerVerify(dkim);
}
