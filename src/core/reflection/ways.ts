/**
 * Finds the ways by which this server accepts mail that it later returns to the sender, who may be
 * forged. One finding for each way, with what cures it. Pure.
 */
import { type Finding, fine, someOf } from '../finding.ts';
import {
  type ClassFacts,
  classParameters,
  type PublicService,
  type ReflectionFacts,
} from './facts.ts';
import { verifiedDomains } from './verified.ts';

const shownMax = 5;
const connect = 'sudo postern connect recipients --dry-run';
const openTitle = 'Recipients that do not exist';

/** All findings, in the order of the way of a message. */
export function reflectionFindings(facts: ReflectionFacts): readonly Finding[] {
  return [
    ...facts.classes.flatMap((one) => ofClass(one, facts.services)),
    ...unlisted(facts),
    ...twice(facts),
    ...temporary(facts),
    ...catchAlls(facts),
    ...aliases(facts),
    ...filters(facts),
    ...quota(facts),
    ...answers(facts),
    ...backup(facts),
    ...delays(facts),
  ];
}

/** True if Postfix knows which recipients of this class there are, or asks before it accepts. */
export function isKnown(one: ClassFacts, services: readonly PublicService[]): boolean {
  return one.recipients !== '' || isAsked(one, services);
}

function isAsked({ domains, unlisted }: ClassFacts, services: readonly PublicService[]): boolean {
  if (services.length === 0) return false;
  return services.every(({ restrictions }) => {
    const verified = verifiedDomains(restrictions);
    if (verified === 'all') return true;
    return unlisted.length === 0 && domains.every((domain) => verified.includes(domain));
  });
}

function ofClass(one: ClassFacts, services: readonly PublicService[]): readonly Finding[] {
  const names = classParameters[one.kind];
  if (one.domains.length + one.unlisted.length === 0) return [];
  // These transports say no while the client waits.
  if (/^(?:error|retry|discard)\b/.test(one.transport)) return [];
  const id = `reflection.${one.kind}`;
  const title = `${openTitle} (${names.domains})`;
  if (one.recipients !== '') return [fine(id, title, `refused, by ${names.recipients}`)];
  if (isAsked(one, services)) {
    return [
      fine(id, title, 'refused: Postfix asks the server that delivers (its answers are kept)'),
    ];
  }
  const domains = someOf([...one.domains, ...one.unlisted], shownMax);
  return [
    {
      id,
      kind: 'fail',
      title,
      found:
        `accepted, because ${names.recipients} is empty: mail to any address of ${domains} is ` +
        'taken and returned later, to a sender who may be forged',
      wanted:
        `a list of recipients in ${names.recipients}, or a question to the server that ` +
        `delivers`,
      fix: connect,
    },
  ];
}

function unlisted({ services }: ReflectionFacts): readonly Finding[] {
  const id = 'reflection.unlisted';
  const title = 'Unlisted recipients';
  const open = services.filter(({ accepts }) => accepts !== '');
  if (services.length === 0) return [];
  if (open.length === 0) return [fine(id, title, 'every service for strangers refuses them')];
  return open.map(({ name, accepts }) => ({
    id: `${id}.${name}`,
    kind: 'fail',
    title: `${title} at ${name}`,
    found: `accepted, because of ${accepts}; the mail is returned later`,
    wanted: 'smtpd_reject_unlisted_recipient = yes, which is the default of Postfix',
    fix: accepts.endsWith('(main.cf)')
      ? connect
      : `take ${accepts.replace(/ \(master\.cf\)$/, '')} out of the service ${name} in master.cf`,
  }));
}

function twice({ twice: domains }: ReflectionFacts): readonly Finding[] {
  if (domains.length === 0) return [];
  return [
    {
      id: 'reflection.classes',
      kind: 'warn',
      title: 'Domains in two address classes',
      found:
        `${someOf(domains, shownMax)}: Postfix uses the list of recipients of one class ` +
        'and may deliver by the other',
      wanted:
        'each domain in one of mydestination, virtual_alias_domains, virtual_mailbox_domains ' +
        'and relay_domains',
      fix: 'take the domain out of all parameters but one, then: postfix reload',
    },
  ];
}

/** Refusals that are only temporary: the mail is returned later, or tried for days. */
function temporary({ services, values }: ReflectionFacts): readonly Finding[] {
  const findings: Finding[] = [];
  if (values.soft_bounce === 'yes') {
    findings.push({
      id: 'reflection.soft-bounce',
      kind: 'fail',
      title: 'soft_bounce',
      found:
        'yes: no recipient is refused for good, and mail that cannot be delivered stays in the ' +
        'queue until it expires; then it is returned',
      wanted: 'soft_bounce = no',
      fix: 'postconf -e soft_bounce=no && postfix reload',
    });
  }
  const asks = services.some(({ restrictions }) => {
    const verified = verifiedDomains(restrictions);
    return verified === 'all' || verified.length > 0;
  });
  const codes = (
    [
      'unknown_local_recipient_reject_code',
      'unknown_virtual_mailbox_reject_code',
      'unknown_virtual_alias_reject_code',
      'unknown_relay_recipient_reject_code',
      ...(asks ? (['unverified_recipient_reject_code'] as const) : []),
    ] as const
  ).filter((name) => values[name].startsWith('4'));
  if (codes.length === 0) return findings;
  return [
    ...findings,
    {
      id: 'reflection.codes',
      kind: 'warn',
      title: 'Reply to unknown recipients',
      found:
        `temporary (${codes.map((name) => `${name} = ${values[name]}`).join(', ')}): ` +
        `senders try again for days`,
      wanted: '550',
      fix: `postconf -e ${codes.map((name) => `${name}=550`).join(' ')} && postfix reload`,
    },
  ];
}

function catchAlls({ catchAlls: all, values }: ReflectionFacts): readonly Finding[] {
  const id = 'reflection.catch-all';
  const title = 'Catch-all addresses';
  const bad = all.filter(({ leadsTo }) => leadsTo !== 'one');
  const named = bad.map(({ address, target }) => `${address} to ${target}`);
  if (values.luser_relay !== '') named.push(`luser_relay to ${values.luser_relay}`);
  if (named.length === 0) return [];
  return [
    {
      id,
      kind: 'warn',
      title,
      found:
        `${someOf(named, shownMax)}: every address exists at the door, and what the next ` +
        'server or domain refuses is returned to the sender',
      wanted: 'one entry for each address, or a catch-all that ends in one mailbox of this server',
      fix:
        `list the addresses one by one, or name them in the table: ` +
        `${[...new Set(bad.map(({ parameter }) => parameter))].join(', ') || 'luser_relay'}`,
    },
  ];
}

function aliases({ deadAliases }: ReflectionFacts): readonly Finding[] {
  if (deadAliases.length === 0) return [];
  const named = deadAliases.map(({ alias, target, why }) => `${alias} to ${target} (${why})`);
  return [
    {
      id: 'reflection.aliases',
      kind: 'fail',
      title: 'Aliases to nowhere',
      found: `${someOf(named, shownMax)}: mail to the alias is accepted, then returned`,
      wanted: 'aliases whose targets exist',
      fix: 'correct or remove these aliases, then run newaliases or postmap',
    },
  ];
}

function filters({ services }: ReflectionFacts): readonly Finding[] {
  const named = [...new Set(services.map(({ filter }) => filter).filter((one) => one !== ''))];
  if (named.length === 0) return [];
  return [
    {
      id: 'reflection.filter',
      kind: 'warn',
      title: 'Filter behind the queue',
      found:
        `${someOf(named, shownMax)}: what this filter refuses was accepted already, and ` +
        `is returned to the sender`,
      wanted:
        'a filter that marks, keeps or discards, or one that is asked before mail is ' +
        'accepted (a milter)',
      fix:
        'let the filter refuse nothing; of amavis: $final_spam_destiny and the others = ' +
        'D_PASS or D_DISCARD, never D_BOUNCE or D_REJECT',
    },
  ];
}

/** Dovecot 2.4 needs other names; both texts are from its manual. */
function quota({ dovecot, services }: ReflectionFacts): readonly Finding[] {
  const id = 'reflection.quota';
  const title = 'Full mailboxes';
  if (dovecot === 'unread') return [unreadDovecot(id, title)];
  if (dovecot?.quota !== true) return [];
  const asked = services.every(({ restrictions }) => restrictions.includes(dovecot.quotaStatus));
  if (dovecot.quotaStatus !== '' && asked) {
    return [fine(id, title, `refused at RCPT: Postfix asks ${dovecot.quotaStatus}`)];
  }
  const service = [
    'service quota-status {',
    '  executable = quota-status -p postfix',
    '  inet_listener {',
    '    address = 127.0.0.1',
    '    port = 12340',
    '  }',
    '  client_limit = 1',
    '}',
    ...(dovecot.version.startsWith('2.4')
      ? ['quota_status_success = DUNNO', 'quota_status_overquota = "552 5.2.2 Mailbox is full"']
      : [
          'plugin {',
          '  quota_status_success = DUNNO',
          '  quota_status_overquota = 552 5.2.2 Mailbox is full',
          '}',
        ]),
  ];
  const known = dovecot.quotaStatus !== '';
  const door = known ? dovecot.quotaStatus : 'inet:127.0.0.1:12340';
  return [
    {
      id,
      kind: 'warn',
      title,
      found: 'mail for them is accepted, and Dovecot returns it when it delivers',
      wanted: 'Postfix asks Dovecot (quota-status) before it accepts mail',
      fix: [
        ...(known ? [] : ['add to dovecot.conf:', ...service]),
        `add to smtpd_recipient_restrictions, behind reject_unauth_destination: ` +
          `check_policy_service ${door}`,
      ].join('\n'),
    },
  ];
}

function answers({ answersJudged, dovecot }: ReflectionFacts): readonly Finding[] {
  const id = 'reflection.answers';
  const title = 'Automatic answers (vacation)';
  if (dovecot === 'unread') return [unreadDovecot(id, title)];
  if (dovecot?.sieve !== true) return [];
  if (answersJudged)
    return [fine(id, title, 'none to mail that looks forged; Postern judges them')];
  return [
    {
      id,
      kind: 'warn',
      title,
      found: 'not judged: Sieve answers spam too, at the address that the spam names as its sender',
      wanted: 'reflection.answers = "judge", with verify.enabled, and Postern in non_smtpd_milters',
      fix:
        'set reflection.answers = "judge" and verify.enabled = true in postern.toml; sudo ' +
        'postern connect postfix',
    },
  ];
}

function unreadDovecot(id: string, title: string): Finding {
  const found = 'not known: the settings of Dovecot cannot be read';
  const fix = 'run it as root: doveconf reads private keys';
  return { id, kind: 'unknown', title, found, wanted: 'output of doveconf -n', fix };
}

function backup({
  otherExchangers,
  services,
  silentDomains = [],
}: ReflectionFacts): readonly Finding[] {
  const findings: Finding[] = [];
  const open = services.filter(({ restrictions }) => /\bpermit_mx_backup\b/.test(restrictions));
  if (open.length > 0) {
    findings.push({
      id: 'reflection.backup-mx',
      kind: 'fail',
      title: 'Backup MX for others',
      found: 'permit_mx_backup accepts any address of every domain whose MX names this server',
      wanted: 'relay_domains with relay_recipient_maps',
      fix:
        `take permit_mx_backup out of the restrictions of ` +
        `${open.map(({ name }) => name).join(', ')}; name the domains in relay_domains, ` +
        `then: ${connect}`,
    });
  }
  const [id, title] = ['reflection.other-mx', 'Other mail servers of your domains'];
  if (otherExchangers.length === 0 && silentDomains.length > 0) {
    const found = `no answer about the MX records of ${someOf(silentDomains, shownMax)}`;
    const wanted = 'an answer of the name servers';
    findings.push({ id, kind: 'unknown', title, found, wanted, fix: 'try again later' });
  }
  if (otherExchangers.length === 0) return findings;
  return [
    ...findings,
    {
      id,
      kind: 'warn',
      title,
      found:
        `${someOf(otherExchangers, shownMax)}: a server that does not know your ` +
        `recipients accepts what this one refuses, and returns it`,
      wanted: 'every MX host knows the recipients, or there is one MX host',
      fix: 'give the other server the same list of recipients, or take it out of the MX records',
    },
  ];
}

function delays({ values }: ReflectionFacts): readonly Finding[] {
  if (/^0+[smhdw]?$/.test(values.delay_warning_time)) return [];
  return [
    {
      id: 'reflection.delays',
      kind: 'warn',
      title: 'Warnings about delayed mail',
      found:
        `sent to the sender after ${values.delay_warning_time}, also to a sender who is ` +
        `forged`,
      wanted:
        'delay_warning_time = 0h in main.cf; people with a login see the delay in their program',
      fix: 'postconf -e delay_warning_time=0h && postfix reload',
    },
  ];
}
