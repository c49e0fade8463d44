/** What doctor checks of the names of logins: does the password service look at their domain? */
import type { Config } from '../../config/schema.ts';
import { checkLogins } from '../../core/checklist/logins.ts';
import type { Finding } from '../../core/finding.ts';
import { readLogins } from '../../partners/postfix/logins.ts';
import { postconf } from '../../partners/postfix/postconf.ts';
import { guardKnows } from '../connect/postfix-facts.ts';

/** Nothing where there is no Postfix to ask. */
export async function loginNames(
  config: Config,
  state: string,
  configDir: string | undefined,
): Promise<readonly Finding[]> {
  try {
    const configDirectory = configDir ?? (await postconf('config_directory', undefined));
    const facts = await readLogins(configDirectory);
    const known = await guardKnows(state);
    const joined =
      config.accounts.login_domains.length > 0 ||
      known?.instances?.some(({ logins }) => logins !== undefined) === true;
    return [checkLogins({ ignored: facts !== undefined, joined })];
  } catch {
    return [];
  }
}
