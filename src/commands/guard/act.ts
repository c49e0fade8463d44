/** Asks the guard to do something, and prints what it did. */
import type { Command } from 'commander';
import { jsonLine } from '../terminal/help.ts';
import { print } from '../terminal/print.ts';
import { connectToGuard } from './client.ts';
import { becomeOwnerOf } from './owner.ts';
import { stateDirectory } from './run-file.ts';

export type ActOptions = { readonly state?: string; readonly json?: true };

/** POSTs to `path` below /api. Throws OperatorError if the guard did not do it. */
export async function act(
  command: Command,
  options: ActOptions,
  path: string,
  body: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  becomeOwnerOf(stateDirectory(options.state));
  const admin = await connectToGuard(options.state);
  const done = await admin.act(path, body);
  print(command, options.json === true ? jsonLine(done) : `${done.text}\n`);
}
