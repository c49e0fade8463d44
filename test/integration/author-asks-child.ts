/**
 * Asks a table as the user that this process runs as, and through postern-root what that user may
 * not read. Arguments: folder of main.cf, table, key, socket of postern-root. Prints the answer.
 */
import { openTableAsker } from '../../src/partners/postfix/author-ask.ts';
import { helperTools } from '../../src/partners/privileged-tools.ts';

const [directory = '', table = '', key = '', socket = ''] = process.argv.slice(2);
const ask = openTableAsker(() => helperTools(socket));
const what = { directory, table, name: 'virtual_alias_maps' } as const;
console.log((await ask(what, [key], AbortSignal.timeout(60_000))).join('\n'));
