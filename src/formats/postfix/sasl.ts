/**
 * Tells from the files of Cyrus SASL whether the password service looks at the domain of a login.
 * saslauthd does not, unless it is started with -r: then joe@anything logs in with the password of
 * joe. Pure.
 */

/** Ways to check a password that know users by their name alone (saslauthd(8), -a). */
const byNameAlone: ReadonlySet<string> = new Set(['pam', 'shadow', 'getpwent', 'rimap']);

/** Whether smtpd.conf lets saslauthd check passwords. */
export function asksSaslauthd(smtpdConf: string): boolean {
  return /^\s*pwcheck_method\s*:.*\bsaslauthd\b/m.test(smtpdConf);
}

/** `defaults`: the file of Debian that saslauthd is started with, /etc/default/saslauthd. */
export function ignoresRealms(defaults: string): boolean {
  const mechanisms = (shellValue(defaults, 'MECHANISMS') || 'pam').split(/\s+/);
  const options = shellValue(defaults, 'OPTIONS').split(/\s+/);
  const passesRealm = options.some((one) => /^-[a-zA-Z]*r/.test(one));
  return !passesRealm && mechanisms.some((one) => byNameAlone.has(one));
}

/** The last value that a file of shell variables gives to a name; empty if it gives none. */
function shellValue(text: string, name: string): string {
  const pattern = new RegExp(`^\\s*${name}=(?:"([^"]*)"|'([^']*)'|(\\S*))`, 'gm');
  const [, double, single, bare] = [...text.matchAll(pattern)].at(-1) ?? [];
  return (double ?? single ?? bare ?? '').trim();
}
