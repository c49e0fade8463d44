/**
 * Reads sending domains and keys from the ledger as the user who owns the state folder, for a
 * command that must stay root. Argument: the path of the ledger.
 */
import { answerRoot } from '../guard/owner-process.ts';
import { readDomains } from './domain-memory.ts';

const [path = ''] = process.argv.slice(2);
await answerRoot(async () => await readDomains(path));
