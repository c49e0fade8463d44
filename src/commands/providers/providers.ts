/** `postern providers …`: how providers treat mail of this server. Each sub-command has a file. */
import type { Command } from 'commander';
import { registerClassify } from './classify.ts';
import { laneCommands } from './lanes.ts';

export function register(program: Command): void {
  const providers = program
    .command('providers')
    .summary('how each provider treats our mail')
    .description(
      'Gmail, Microsoft, Yahoo and others say in their replies what they hold against a server. ' +
        'These commands say it plainly, and show how each of them treats your mail.',
    );
  laneCommands(providers);
  registerClassify(providers);
}
