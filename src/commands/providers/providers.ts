/** `postern providers …`: how providers treat mail of this server. Each sub-command has a file. */
import type { Command } from 'commander';
import { registerClassify } from './classify.ts';

export function register(program: Command): void {
  const providers = program
    .command('providers')
    .summary('what providers reply, and what to do')
    .description(
      'Gmail, Microsoft, Yahoo and others say in their replies what they hold against a server. ' +
        'These commands say it plainly.',
    );
  registerClassify(providers);
}
