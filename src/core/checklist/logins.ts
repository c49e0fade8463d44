/** Checks that one person has one account, however the login is spelled. Pure. */
import { type Finding, fine } from '../finding.ts';

export function checkLogins(facts: {
  /** The password service that does not look at the domain of a login. */
  readonly ignoredBy: 'saslauthd' | 'Dovecot' | undefined;
  /** The guard counts such logins as one account. */
  readonly joined: boolean;
}): Finding {
  const id = 'postfix.logins';
  const title = 'Domains of logins';
  const { ignoredBy } = facts;
  if (ignoredBy === undefined) return fine(id, title, 'the password service looks at them');
  const found = `${ignoredBy} ignores them: joe@anything logs in with the password of joe`;
  if (ignoredBy === 'Dovecot') {
    return {
      id,
      kind: facts.joined ? 'warn' : 'fail',
      title,
      found: facts.joined
        ? `${found}; Postern counts these logins as one account`
        : `${found}, and may write as every address of the domain that it types`,
      wanted: 'passwords that are looked up by the whole login',
      fix:
        'take username_format (Dovecot 2.4: auth_username_format) out of the passdb; or, if no ' +
        'login has a domain, set auth_username_format = %Ln for all of Dovecot',
    };
  }
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
