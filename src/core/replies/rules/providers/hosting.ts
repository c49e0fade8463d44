/** What hosting companies, forwarders and servers that send for others say. */
import { cures } from '../../cures.ts';
import { type ReplyRule, rulesOf } from '../../rule.ts';

const group = { source: 'replies of these sites, 2012 to 2026', verified: '2026-11-28' } as const;

export const hostingRules: readonly ReplyRule[] = rulesOf(group, [
  {
    id: 'rackspace/new-address',
    from: ['rackspace'],
    words: '(g28) | untrusted ip',
    link: 'https://postmaster.emailsrvr.com',
    says: 'rate slowed 1h',
    cure: cures.warmUp,
    yes: '451 4.7.1 Received too many messages from a new or untrusted IP: 192.0.2.9 (G28)',
    no: '451 4.7.1 Message refused (G8)',
  },
  {
    id: 'rackspace/busy-mailbox',
    from: ['rackspace'],
    words: '(g8) | (g08)',
    says: 'recipient transient 1h',
    cure: cures.busyMailbox,
    yes: '451 4.7.1 This mailbox gets too much mail (G8)',
    no: '451 4.7.1 Received too many messages from a new or untrusted IP (G28)',
  },
  {
    id: 'godaddy/spamhaus',
    from: ['godaddy'],
    words: 'spamhaus',
    filter: 'spamhaus',
    link: 'https://check.spamhaus.org',
    says: 'our-ip blocked 24h',
    cure: cures.spamhaus,
    yes: '553 https://www.spamhaus.org/query/ip/192.0.2.9',
    no: '550 5.1.1 Recipient not found. IB603b',
  },
  {
    id: 'godaddy/connections',
    from: ['godaddy'],
    words: 'ib607 | ib605 | ib606 | connections | ib007 | too many',
    link: 'https://www.godaddy.com/help/what-does-my-email-bounceback-mean-3568',
    says: 'rate slowed 1h',
    cure: cures.connections,
    yes: '550 5.1.1 Reverse lookup of connection limit IB607',
    no: '550 5.1.0 example.org is not allowed to send. IB508',
  },
  {
    id: 'godaddy/spf',
    from: ['godaddy'],
    words: 'ib508 | ib507*spf',
    link: 'https://www.godaddy.com/help/what-does-my-email-bounceback-mean-3568',
    says: 'authentication blocked until-fixed',
    cure: cures.spf,
    yes: "550 5.1.0 192.0.2.9 is not allowed to send from <example.org> per it's SPF Record. IB508",
    no: '550 5.1.1 Recipient not found. IB603b',
  },
  {
    id: 'godaddy/address',
    from: ['godaddy'],
    words: `
      ib105 | ib108 | ib104 | ib103 | ib106 | ib107 | ib110 | ib111 | ib112
      unblock.secureserver`,
    link: 'https://unblock.secureserver.net',
    says: 'our-ip blocked 24h',
    cure: cures.stopSource,
    yes: '554 refused. IB108 Your IP has a poor reputation. See unblock.secureserver.net',
    no: '550 5.1.1 Recipient not found. IB603b',
  },
  {
    id: 'godaddy/no-ptr',
    from: ['godaddy'],
    words: 'ib101 | ib102',
    link: 'https://www.godaddy.com/help/what-does-my-email-bounceback-mean-3568',
    says: 'our-ip blocked until-fixed',
    cure: cures.ptr,
    yes: '554 refused. IB102',
    no: '550 5.1.1 Recipient not found. IB603b',
  },
  {
    id: 'godaddy/domain',
    from: ['godaddy'],
    words: 'ib504 | ib506 | ib501 | ib502 | ib510',
    link: 'https://www.godaddy.com/help/what-does-my-email-bounceback-mean-3568',
    says: 'our-domain blocked until-fixed',
    cure: cures.senderDomain,
    yes: '550 5.1.8 refused. IB504 sender domain',
    no: '550 5.1.1 Recipient not found. IB603b',
  },
  {
    id: 'godaddy/content',
    from: ['godaddy'],
    words: 'ib703 | ib704 | ib705 | ib212 | ib5 * content | ib711',
    link: 'https://www.godaddy.com/help/what-does-my-email-bounceback-mean-3568',
    says: 'content blocked until-fixed',
    cure: cures.content,
    yes: '552 refused. IB705 virus',
    no: '550 5.1.1 Recipient not found. IB603b',
  },
  {
    id: 'opensrs/refused-for-now',
    from: ['opensrs'],
    words: 'service not available, closing',
    codes: '4',
    steps: 'greeting',
    says: 'our-ip blocked 4h',
    cure: cures.stopSource,
    yes: '421 Service not available, closing transmission channel',
    no: '421 Too many connections',
  },
  {
    id: 'cloudflare/upstream',
    from: ['cloudflare'],
    words: 'upstream error',
    codes: '4',
    says: 'their-fault transient 1h',
    cure: cures.none,
    link: 'https://developers.cloudflare.com/email-routing/postmaster',
    yes: '421 4.3.0 Upstream error, please check the postmaster page',
    no: '550 5.1.1 Address does not exist.',
  },
  {
    id: 'zoho/restricted-for-now',
    from: ['zoho'],
    words: 'mailbox delivery restricted',
    codes: '4',
    says: 'recipient transient 4h',
    cure: 'Nothing to do here: the mailbox is over a limit or restricted by its administrator.',
    yes: '452 <ann@zoho.com> Mailbox delivery restricted by policy error',
    no: '541 5.4.1 Mail rejected by destination domain',
  },
  {
    id: 'zoho/recipients-rule',
    from: ['zoho'],
    words: `
      rejected by destination domain | mailbox delivery restricted | blocked by * organization
      destination domain`,
    says: 'policy-of-recipient permanent-for-this-recipient never',
    cure: cures.recipientsRule,
    yes: '541 5.4.1 Mail rejected by destination domain',
    no: '554 5.7.1 Email cannot be delivered. Reason: Email flagged as Spam.',
  },
  {
    id: 'zoho/content',
    from: ['zoho'],
    words: 'flagged as spam | as spam',
    says: 'content blocked until-fixed',
    cure: cures.content,
    yes: '554 5.7.1 Email cannot be delivered. Reason: Email flagged as Spam.',
    no: '541 5.4.1 Mail rejected by destination domain',
  },
  {
    id: 'ses/sender-not-verified',
    from: ['amazon-ses', 'sendgrid', 'other'],
    words: `
      email address is not verified | unauthenticated senders not allowed | sender identity
      from address does not match a verified | verified sender`,
    says: 'authentication blocked until-fixed',
    cure: cures.smarthost,
    link: 'https://docs.aws.amazon.com/ses/latest/dg/verify-addresses-and-domains.html',
    yes: '554 Message rejected: Email address is not verified.',
    no: '552 5.2.3 Message length exceeds limit set by recipient',
  },
  {
    id: 'ses/login',
    from: ['amazon-ses', 'sendgrid'],
    words: 'authentication credentials | authentication required | credentials | authenticat',
    says: 'authentication blocked until-fixed',
    cure: cures.smarthost,
    yes: '535 Authentication Credentials Invalid',
    no: '454 Throttling failure: Maximum sending rate exceeded.',
  },
  {
    id: 'ses/limit',
    from: ['amazon-ses', 'sendgrid'],
    words: `
      throttling | maximum sending rate | daily message quota | maximum credits exceeded
      sending quota | credits exceeded`,
    says: 'rate slowed 1h',
    cure: cures.slower,
    yes: '454 Throttling failure: Maximum sending rate exceeded.',
    no: '535 Authentication Credentials Invalid',
  },
  {
    id: 'forwarder/domain-reputation',
    from: ['improvmx', 'cloudflare'],
    words: 'reputation of the sending domain',
    says: 'our-domain blocked 24h',
    cure: cures.listedDomain,
    yes:
      '551 5.7.1 Due to the very low reputation of the sending domain, this message has been ' +
      'blocked (Code 2).',
    no:
      '551 5.7.1 Due to the very low reputation of the sending IP, this message has been ' +
      'blocked.',
  },
  {
    id: 'forwarder/no-rule',
    from: ['improvmx', 'cloudflare'],
    words: `
      address does not exist | alias | no rule | not allowed * destination | recipient address`,
    codes: '5',
    says: 'recipient permanent-for-this-recipient never',
    cure: cures.noMailbox,
    yes: '550 5.1.1 Address does not exist.',
    no:
      '551 5.7.1 Due to the very low reputation of the sending domain, this message has been ' +
      'blocked.',
  },
]);
