/**
 * Reads acknowledgements from the ledger as the user who owns the state folder, for a command that
 * must stay root. Argument: the folder.
 */
import { answerRoot } from '../guard/owner-process.ts';
import { readAcks } from './memory.ts';

const [folder = ''] = process.argv.slice(2);
await answerRoot(async () => readAcks(folder));
