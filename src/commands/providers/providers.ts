/** `postern providers`: how providers treat our mail. */
import type { Command } from 'commander';
import { laneCommands } from './lanes.ts';

export function register(program: Command): void {
  const providers = program
    .command('providers')
    .summary('how each provider treats our mail')
    .description(
      'Shows how each provider of mailboxes treats mail of this server, why, and what to do.',
    );
  laneCommands(providers);
}
