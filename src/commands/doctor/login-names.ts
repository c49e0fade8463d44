/** What doctor checks of the names of logins: does the password service look at their domain? */
import { existsSync } from 'node:fs';
import type { Config } from '../../config/schema.ts';
import type { Account } from '../../core/account-name.ts';
import { kindOfAccount } from '../../core/authors/own.ts';
import { checkLogins } from '../../core/checklist/logins.ts';
import type { Finding } from '../../core/finding.ts';
import { ignoresDomains } from '../../partners/dovecot.ts';
import { readLogins } from '../../partners/postfix/logins.ts';
import { postconf, postconfValues } from '../../partners/postfix/postconf.ts';
import { helperTools, ownTools } from '../../partners/privileged-tools.ts';
import { guardKnows } from '../connect/postfix-facts.ts';
import { guardAnswer } from '../guard/answer.ts';
import type { RunFile } from '../guard/run-file.ts';

/** Logins that Dovecot is asked about; each is a process. */
const loginsMax = 10;

/** Nothing where there is no Postfix to ask. */
export async function loginNames(
  config: Config,
  state: string,
  configDir: string | undefined,
  live: RunFile | undefined,
): Promise<readonly Finding[]> {
  try {
    const configDirectory = configDir ?? (await postconf('config_directory', undefined));
    const facts = await readLogins(configDirectory);
    const known = await guardKnows(state);
    const { login_domains: domains } = config.accounts;
    if (facts === undefined && (await dovecotIgnores(config, configDirectory, live))) {
      // With several domains, a login may still type any of them.
      return [checkLogins({ ignoredBy: 'Dovecot', joined: domains.length === 1 })];
    }
    const joined =
      domains.length > 0 || known?.instances?.some(({ logins }) => logins !== undefined) === true;
    return [checkLogins({ ignoredBy: facts === undefined ? undefined : 'saslauthd', joined })];
  } catch {
    return [];
  }
}

/** Asks Dovecot about the users of a few logins that have sent mail. */
async function dovecotIgnores(
  { dovecot, postfix }: Config,
  configDirectory: string,
  live: RunFile | undefined,
): Promise<boolean> {
  const { smtpd_sasl_type: type } = await postconfValues(['smtpd_sasl_type'], configDirectory);
  if (type !== 'dovecot' || live === undefined || !existsSync('/usr/bin/doveadm')) return false;
  const seen = await guardAnswer(live, '/api/accounts?limit=100');
  const accounts = Array.isArray(seen) ? (seen as readonly { readonly account: Account }[]) : [];
  const logins = accounts
    .map(({ account }) => account)
    .filter((account) => kindOfAccount(account) === 'login')
    .slice(0, loginsMax);
  const tools =
    process.getuid?.() === 0
      ? ownTools(dovecot.config === '' ? {} : { dovecotConfig: dovecot.config })
      : helperTools(postfix.helper_socket);
  const found = await ignoresDomains(tools, logins, AbortSignal.timeout(10_000)).catch(
    () => undefined,
  );
  return found === true;
}
