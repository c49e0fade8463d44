/** What doctor checks of the filters around Postern, with a test message if that is wanted. */
import type { Config } from '../../config/schema.ts';
import { checkFilters } from '../../core/checklist/filters.ts';
import { type Finding, fine } from '../../core/finding.ts';
import { faultText } from '../../lib/error-text.ts';
import { readMailFacts } from '../../partners/postfix/mail-facts.ts';
import { postconf } from '../../partners/postfix/postconf.ts';
import { isProof, verifyLocal } from '../connect/postfix-proof.ts';
import type { RunFile } from '../guard/run-file.ts';
import { incomingProof } from './incoming-proof.ts';

/** Nothing where there is no Postfix to ask. */
export async function filters(
  config: Config,
  live: RunFile | undefined,
  how: { readonly configDir: string | undefined; readonly test: boolean },
): Promise<readonly Finding[]> {
  try {
    const configDirectory = how.configDir ?? (await postconf('config_directory', undefined));
    const { filterUsers, unread } = await readMailFacts(configDirectory);
    const users = filterUsers.map(({ name }) => name);
    const webUsers = config.scripts.web_users;
    const found = checkFilters({ users, webUsers, unread: unread.filters });
    if (!how.test || live === undefined) return found;
    const host = await postconf('myhostname', configDirectory);
    const local = await testMessage(configDirectory, live, host);
    return [...found, local, ...(await incomingProof(configDirectory, live, host))];
  } catch (cause) {
    if (!how.test) return [];
    return [failed(faultText(cause))];
  }
}

const id = 'postfix.test-message';
const title = 'Test message to postmaster';

async function testMessage(configDirectory: string, live: RunFile, host: string): Promise<Finding> {
  const found = await verifyLocal(configDirectory, live, { host, once: true });
  const { ok, text, twice } = found;
  if (ok && !isProof([found])) return { ...failed(text), kind: 'unknown' };
  if (ok && twice !== true) return fine(id, title, 'judged once');
  return failed(text);
}

function failed(found: string): Finding {
  const fix =
    'see "Filters around Postern" in docs/connect-postfix.md; then: postern connect postfix';
  return { id, kind: 'fail', title, found, wanted: 'a message that is judged once', fix };
}
