/** Checks that one person has one account, however the login is spelled. Pure. */
import { type Finding, fine } from '../finding.ts';

/** `ignored`: the password service does not look at the domain of a login. */
export function checkLogins(facts: {
  readonly ignored: boolean;
  /** The guard counts such logins as one account. */
  readonly joined: boolean;
}): Finding {
  const id = 'postfix.logins';
  const title = 'Domains of logins';
  if (!facts.ignored) return fine(id, title, 'the password service looks at them');
  const found = 'saslauthd ignores them: joe@anything logs in with the password of joe';
  if (facts.joined) {
    return {
      id,
      kind: 'warn',
      title,
      found: `${found}; Postern counts these logins as one account`,
      wanted: 'saslauthd with -r, so that each account has one name',
      fix: 'add -r to OPTIONS in /etc/default/saslauthd if your users log in with a domain',
    };
  }
  return {
    id,
    kind: 'fail',
    title,
    found: `${found}; each of these logins is a new account to Postern`,
    wanted: 'one account for one person',
    fix: 'postern connect postfix, or set accounts.login_domains in postern.toml',
  };
}
