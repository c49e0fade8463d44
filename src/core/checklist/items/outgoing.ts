/** Settings of main.cf about mail that leaves, and the addresses that every domain has. Pure. */
import { type Finding, fine, someOf } from '../../finding.ts';

export type OutgoingFacts = {
  /** smtp_tls_security_level. */
  readonly tlsLevel: string;
  /** relayhost: all mail leaves through another server. */
  readonly relayHost: string;
  /** internal_mail_filter_classes. */
  readonly ownNotices: readonly string[];
};

export function outgoingFindings(facts: OutgoingFacts): readonly Finding[] {
  return [outgoingTls(facts), ownNotices(facts)];
}

function outgoingTls({ relayHost, tlsLevel }: OutgoingFacts): Finding {
  const [id, title] = ['postfix.outgoing-tls', 'TLS of outgoing mail'];
  if (tlsLevel !== '' && tlsLevel !== 'none') {
    return fine(id, title, `smtp_tls_security_level = ${tlsLevel}`);
  }
  const where =
    relayHost === '' ? 'mail leaves in the clear' : `mail goes to ${relayHost} in clear`;
  return {
    id,
    kind: 'warn',
    title,
    found: `${where}: smtp_tls_security_level is ${tlsLevel || 'not set'}`,
    wanted: 'smtp_tls_security_level = may, or stricter',
    fix: 'postconf -e smtp_tls_security_level=may && postfix reload',
  };
}

function ownNotices({ ownNotices: classes }: OutgoingFacts): Finding {
  const [id, title] = ['postfix.own-notices', 'Notices of Postfix'];
  if (classes.includes('bounce')) return fine(id, title, 'shown to the guard');
  return {
    id,
    kind: 'warn',
    title,
    found: 'not judged: internal_mail_filter_classes does not name bounce',
    wanted: 'internal_mail_filter_classes = bounce; Postfix warns against it, so it is your choice',
    fix: 'first refuse unknown recipients, then: sudo postern connect bounces',
  };
}

const namedMax = 5;

/** `lacking`: addresses such as abuse@example.org that Postfix does not know. */
export function roleFindings(
  domains: readonly string[],
  lacking: readonly string[],
): readonly Finding[] {
  const [id, title] = ['addresses.roles', 'postmaster and abuse'];
  if (domains.length === 0) return [];
  if (lacking.length === 0) return [fine(id, title, `known in ${someOf(domains, namedMax)}`)];
  return [
    {
      id,
      kind: 'warn',
      title,
      found: `Postfix knows no ${someOf(lacking, namedMax)}`,
      wanted: 'both addresses in each domain, with a mailbox that a person reads (RFC 2142)',
      fix:
        'add them to /etc/aliases (then: newaliases) or to virtual_alias_maps (then: postmap), ' +
        'as aliases of a mailbox that you read',
    },
  ];
}
