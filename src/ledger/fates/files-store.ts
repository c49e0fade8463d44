/** The day files for commands that run while the guard does not. */
import type { FateStore } from '../../ports/fate.ts';
import { findInDays } from './find.ts';
import { forgetInDays } from './forget.ts';

/** `forget`: only while this process holds the ledger's lock. */
export function fateFiles(folder: string): Pick<FateStore, 'find' | 'forget'> {
  return {
    find: async (query) => findInDays(folder, query),
    forget: async (address, { dryRun }) => forgetInDays(folder, address, dryRun),
  };
}
