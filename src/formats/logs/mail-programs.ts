/** Which names in a log are those of mail programs. Pure. */
import { RecentMap } from '../../lib/recent-map.ts';

/** Postfix's programs, by the last part of their tag: `postfix/submission/smtpd`. */
const postfixPrograms: ReadonlySet<string> = new Set([
  ...['anvil', 'bounce', 'cleanup', 'defer', 'discard', 'dnsblog', 'error', 'flush', 'lmtp'],
  ...['local', 'master', 'nqmgr', 'oqmgr', 'pickup', 'pipe', 'postalias', 'postcat', 'postdrop'],
  ...['postfix', 'postfix-script', 'postkick', 'postlog', 'postlogd', 'postmap', 'postmulti'],
  ...['postqueue', 'postscreen', 'postsuper', 'proxymap', 'proxywrite', 'qmgr', 'qmqpd', 'relay'],
  ...['retry', 'scache', 'sendmail', 'showq', 'smtp', 'smtpd', 'spawn', 'tlsmgr', 'tlsproxy'],
  ...['trace', 'trivial-rewrite', 'verify', 'virtual', 'postconf', 'set-permissions'],
  ...['smtps', 'submission', 'policy-spf', 'policyd-spf', 'spamd'],
]);

/** Programs around a mail server. Their lines say nothing that Postern needs. */
const around = new RegExp(
  '^(?:amavis|clamd|clamav|freshclam|opendkim|opendmarc|openarc|dkim|rspamd|spamd|spamass' +
    '|spampd|postgrey|policyd|policy-spf|postsrsd|pypolicyd|postfwd|milter|mimedefang|greylist' +
    '|sqlgrey|saslauthd|mailman|maildrop|procmail|fetchmail|mlmmj|sympa|postern)',
);

/** Programs that Dovecot names in its own log file; every `…-login` is one too. */
const dovecotPrograms = new RegExp(
  '^(?:[a-z0-9]{2,20}-login|imap|pop3|lmtp|lda|auth|auth-worker|master|config|log|stats|anvil' +
    '|director|doveadm|dict|submission|managesieve|indexer|indexer-worker|ssl-params|replicator' +
    '|old-stats|imap-hibernate|imap-urlauth|quota-status|dsync-server|script)$',
);

export type MailProgram =
  | 'postfix'
  | 'dovecot'
  | 'exim'
  | 'opensmtpd'
  | 'pam'
  | 'sendmail'
  | 'syslogd'
  | 'around'
  | 'other';

/** How many tags are remembered: at least as many, at most twice. A log has a few dozen. */
const knownMax = 1_000;
const known = new RecentMap<string, MailProgram>(knownMax);

/** Which program a tag is. `other`: its lines are not of mail. */
export function mailProgram(tag: string): MailProgram {
  const found = known.get(tag);
  if (found !== undefined) return found;
  const program = look(tag);
  known.set(tag, program);
  return program;
}

function look(tag: string): MailProgram {
  const slash = tag.lastIndexOf('/');
  if (slash >= 0) return postfixPrograms.has(tag.slice(slash + 1)) ? 'postfix' : 'other';
  if (tag.startsWith('dovecot')) return 'dovecot';
  if (/^exim\d?\b/.test(tag)) return 'exim';
  if (tag === 'smtpd' || tag === 'opensmtpd') return 'opensmtpd';
  if (tag === 'auth' || tag === 'auth-worker') return 'pam';
  if (/^(?:sendmail|sm-mta|sm-msp)/.test(tag)) return 'sendmail';
  if (tag === 'syslogd') return 'syslogd';
  return around.test(tag) ? 'around' : 'other';
}

/** Is it a program of Dovecot, as its own log file names it? `imap(joe)<7><x>` is one. */
export function isDovecotService(name: string): boolean {
  const end = name.search(/[(<]/);
  return dovecotPrograms.test(end < 0 ? name : name.slice(0, end));
}
