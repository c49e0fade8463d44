/** What Microsoft says for the mailboxes of companies, and in part for its own. */
import { cures } from '../../cures.ts';
import { type ReplyRule, rulesOf } from '../../rule.ts';

const page =
  'https://learn.microsoft.com/en-us/exchange/mail-flow-best-practices/' +
  'non-delivery-reports-in-exchange-online/';

const company = {
  from: ['ms-365', 'ms-consumer'],
  link: page,
  source: page,
  verified: '2026-11-28',
} as const;

export const microsoftRules: readonly ReplyRule[] = rulesOf(company, [
  {
    id: 'ms365/connection-filter',
    words: `
      access denied, sending domain * by the recipient | connection filter | ip block list
      tenant block | recipient's organization`,
    codes: '5',
    without: 'spamhaus',
    says: 'policy-of-recipient permanent-for-this-recipient never',
    cure: cures.recipientsRule,
    yes: "550 5.7.1 Message rejected by the recipient's organization",
    no: '550 5.7.606 Access denied, banned sending IP [192.0.2.9].',
  },
  {
    id: 'ms365/refused-by-recipients-list',
    codes: '5.7.507 5.7.513',
    says: 'policy-of-recipient permanent-for-this-recipient never',
    cure: cures.recipientsRule,
    yes: '550 5.7.513 Service unavailable, Client host [192.0.2.9] blocked by recipient domain',
    no: '550 5.7.511 Access denied, banned sender [192.0.2.9].',
  },
  {
    id: 'ms365/banned-address',
    words: `
      banned sending ip | delist.microsoft | sender.office.com`,
    says: 'our-ip blocked 24h',
    cure:
      'Stop the source of spam. Then remove this address on sender.office.com; that takes up ' +
      'to a day.',
    link: 'https://sender.office.com',
    yes:
      '550 5.7.606 Access denied, banned sending IP [192.0.2.9]. To request removal from ' +
      'this list please visit https://sender.office.com/',
    no:
      '550 5.7.511 Access denied, banned sender [192.0.2.9]. Forward this message to the ' +
      'removal address.',
  },
  {
    id: 'ms365/banned-address-codes',
    codes: '5.7.606-5.7.649',
    says: 'our-ip blocked 24h',
    cure:
      'Stop the source of spam. Then remove this address on sender.office.com; that takes up ' +
      'to a day.',
    link: 'https://sender.office.com',
    yes: '550 5.7.622 Access denied',
    no: '550 5.7.509 Access denied',
  },
  {
    id: 'ms365/banned-sender',
    words: `
      banned sender | @*forward this message | as(1410)`,
    says: 'our-ip blocked 24h',
    cure: 'Stop the source of spam. Then send this reply to delist@messaging.microsoft.com.',
    yes:
      '550 5.7.511 Access denied, banned sender[192.0.2.9]. To request removal from this ' +
      'list please forward this message.',
    no: '550 5.7.606 Access denied, banned sending IP [192.0.2.9].',
  },
  {
    id: 'ms365/banned-sender-code',
    codes: '5.7.511',
    says: 'our-ip blocked 24h',
    cure: 'Stop the source of spam. Then send this reply to delist@messaging.microsoft.com.',
    yes: '550 5.7.511 Refused',
    no: '550 5.7.509 Refused',
  },
  {
    id: 'ms365/from-header',
    words: 'rfc 5322',
    codes: '5.7.512',
    says: 'content blocked until-fixed',
    cure: cures.headers,
    yes: '550 5.7.512 Access denied, message must be RFC 5322 section 3.6.2 compliant',
    no: '550 5.7.511 Access denied, banned sender[192.0.2.9]',
  },
  {
    id: 'ms365/sender-closed',
    words: 'bad outbound sender',
    codes: '5.1.8 5.1.90',
    says: 'our-domain blocked until-fixed',
    cure: 'Microsoft has closed this sender for its mail. Stop the abuse, then ask to open it.',
    yes: '501 5.1.8 Access denied, bad outbound sender AS(41000)',
    no: '550 5.1.8 Sender address rejected: Domain not found',
  },
  {
    id: 'ms365/new-address',
    words: `
      access denied, please try again later | please try again later * as(7
      access denied * try again later | server busy * as(`,
    codes: '4',
    says: 'our-ip slowed 1h',
    cure:
      'This address is new to them or suspect. Send little, from one connection, and stop ' +
      'spam; it passes in a day.',
    yes: '451 4.7.550 Access denied, please try again later',
    no: '451 4.7.0 Temporary server error. Please try again later. PRX2',
  },
  {
    id: 'ms365/new-address-codes',
    codes: '4.7.501-4.7.649 4.7.850-4.7.899',
    says: 'our-ip slowed 1h',
    cure:
      'This address is new to them or suspect. Send little, from one connection, and stop ' +
      'spam; it passes in a day.',
    yes: '451 4.7.860 Not now',
    no: '451 4.7.700 Not now',
  },
  {
    id: 'ms365/server-busy',
    codes: '4.7.500',
    says: 'rate slowed 1h',
    cure: cures.slower,
    yes: '451 4.7.500 Not now',
    no: '451 4.7.700 Not now',
  },
  {
    id: 'ms365/dmarc',
    words: 'does not pass dmarc | dmarc verification | dmarc policy of | dmarc',
    says: 'authentication blocked until-fixed',
    cure: cures.dmarc,
    yes:
      '550 5.7.509 Access denied, sending domain EXAMPLE.ORG does not pass DMARC ' +
      'verification and has a DMARC policy of reject.',
    no: '550 5.7.606 Access denied, banned sending IP [192.0.2.9].',
  },
  {
    id: 'ms365/ipv6-unauthenticated',
    words: 'message sent over ipv6 | sent over ipv6 | ipv6 * must pass',
    says: 'authentication blocked until-fixed',
    cure: cures.authenticate,
    yes:
      '550 5.7.26 Service does not accept this message sent over IPv6 [2001:db8::9]; it must ' +
      'pass either SPF or DKIM validation',
    no:
      '550 5.7.25 Service unavailable, sending IPv6 address [2001:db8::9] must have reverse ' +
      'DNS record',
  },
  {
    id: 'ms365/authentication-codes',
    codes: '5.7.509 5.7.515 5.7.23 5.7.26 4.7.26 5.7.9',
    says: 'authentication blocked until-fixed',
    cure: cures.authenticate,
    yes: '550 5.7.509 Refused',
    no: '550 5.7.511 Refused',
  },
  {
    id: 'ms365/no-ptr',
    words: 'must have reverse dns',
    says: 'our-ip blocked until-fixed',
    cure: cures.ptr,
    yes:
      '550 5.7.25 Service unavailable, sending IPv6 address [2001:db8::9] must have reverse ' +
      'DNS record',
    no: '550 5.7.26 Service does not accept this message sent over IPv6 [2001:db8::9]',
  },
  {
    id: 'ms365/helo',
    words: 'bad helo',
    says: 'our-ip blocked until-fixed',
    cure: cures.helo,
    yes: '550 5.7.506 Access Denied, Bad HELO',
    no: '550 5.7.509 Access denied',
  },
  {
    id: 'ms365/helo-code',
    codes: '5.7.506',
    says: 'our-ip blocked until-fixed',
    cure: cures.helo,
    yes: '550 5.7.506 Access denied',
    no: '550 5.7.509 Access denied',
  },
  {
    id: 'ms365/ipv6-limit',
    codes: '5.7.508',
    says: 'rate slowed 4h',
    cure: cures.slower,
    yes: '550 5.7.508 Access denied, [2001:db8::9] has exceeded permitted limits within IPv6 range',
    no: '550 5.7.511 Access denied, banned sender',
  },
  {
    id: 'ms365/hourly-limit',
    words: `
      hourly message receive limit | recipient hourly limit | hourly receive limit
      has exceeded * receive limit | receiving email at a rate | receiving limit | receive limit`,
    says: 'recipient transient 1h',
    cure: cures.busyMailbox,
    yes: "554 5.2.121 Recipient's per hour message receive limit exceeded",
    no: '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup',
  },
  {
    id: 'ms365/hourly-limit-code',
    codes: '5.2.121 5.2.122',
    says: 'recipient transient 1h',
    cure: cures.busyMailbox,
    yes: '554 5.2.122 The recipient has exceeded their limit for the number of messages',
    no: '554 5.2.2 Mailbox full',
  },
  {
    id: 'ms365/attribution',
    words: 'tenantattribution | tenant attribution | tenantinboundattribution',
    says: 'policy-of-recipient permanent-for-this-recipient never',
    cure: cures.recipientsRule,
    yes: '550 5.7.64 TenantAttribution; Relay Access Denied',
    no: '550 5.4.1 Recipient address rejected: Access denied',
  },
  {
    id: 'ms365/mailbox-unknown',
    words: `
      recipientnotfound | recipient address rejected: access denied | recipient not found
      resolver.adr | relay access denied | unable to relay | mailbox unavailable
      invalid recipient`,
    codes: '5',
    says: 'recipient permanent-for-this-recipient never',
    cure: cures.noMailbox,
    yes:
      '550 5.4.1 Recipient address rejected: Access denied. AS(201806281) ' +
      '[DB1.eop-eur01.prod.protection.outlook.com]',
    no: '550 5.7.1 Service unavailable, Client host [192.0.2.9] blocked using Spamhaus',
  },
  {
    id: 'ms365/mailbox-unknown-code',
    codes: '5.1.10 5.4.1 5.1.1',
    says: 'recipient permanent-for-this-recipient never',
    cure: cures.noMailbox,
    yes: '550 5.4.1 Refused',
    no: '550 5.7.1 Refused',
  },
  {
    id: 'ms365/too-big',
    words: 'sizelimit | message too large | too large for this recipient',
    codes: '5',
    says: 'size permanent-for-this-recipient never',
    cure: cures.size,
    yes: '550 5.2.3 RESOLVER.RST.RecipSizeLimit; message too large for this recipient',
    no: '550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required',
  },
  {
    id: 'ms365/restricted',
    words: `
      resolver.rst | delivery not authorized | transport.rules | rejected by recipient
      rejectmessage | organization policy | policy * organization | recipient organization
      administrator | restricted | not permitted to submit | message rejected by * rule`,
    codes: '5',
    says: 'policy-of-recipient permanent-for-this-recipient never',
    cure: cures.recipientsRule,
    yes: '550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required',
    no: '550 5.1.10 RESOLVER.ADR.RecipientNotFound',
  },
  {
    id: 'ms365/restricted-codes',
    codes: '5.7.12 5.7.13 5.7.57 5.7.64 5.7.124 5.7.129 5.7.133-5.7.136',
    says: 'policy-of-recipient permanent-for-this-recipient never',
    cure: cures.recipientsRule,
    yes: '550 5.7.136 Refused',
    no: '550 5.7.509 Refused',
  },
  {
    id: 'ms365/no-mail-in-tenant',
    words: 'no mail-enabled subscriptions | attr5',
    says: 'their-fault transient 4h',
    cure:
      "Nothing to do here: the recipient's own tenant has no mail set up. Tell them another " +
      'way.',
    yes:
      '451 4.4.4 Mail received as unauthenticated, incoming to a recipient domain configured ' +
      'in a hosted tenant which has no mail-enabled subscriptions. ATTR5',
    no: '451 4.4.62 Mail sent to the wrong Office 365 region. ATTR35',
  },
  {
    id: 'ms365/queue-quota',
    words: 'queue quota',
    codes: '4',
    says: 'their-fault transient 1h',
    cure: cures.none,
    yes: '450 4.7.3 Organization queue quota exceeded.',
    no: '451 4.7.0 Temporary server error. Please try again later. PRX2',
  },
  {
    id: 'ms365/own-fault',
    words: `
      per resource forest | ~prx | ~attr | temporary server error | pfa agent | agent busy
      wrong office 365 region | wrong region | resource forest | dns query failed
      target host responded | connection dropped | storagetransient | queue quota
      concurrent connections * resource | organization queue`,
    codes: '4',
    says: 'their-fault transient 15m',
    cure: cures.none,
    yes: '451 4.7.0 Temporary server error. Please try again later. PRX2',
    no: '451 4.7.550 Access denied, please try again later',
  },
  {
    id: 'ms365/own-fault-codes',
    codes: '4.7.700-4.7.799 4.3.2 4.3.1 4.4.62 4.4.300-4.4.399',
    says: 'their-fault transient 15m',
    cure: cures.none,
    yes: '451 4.4.316 Not now',
    no: '451 4.7.550 Not now',
  },
  {
    id: 'ms365/content',
    words: `
      message rejected as spam | content filter | as spam | high risk | outbound spam | malware
      content policy`,
    codes: '5',
    says: 'content blocked until-fixed',
    cure: cures.content,
    yes: '550 5.7.1 Message rejected as spam by Content Filtering.',
    no: '550 5.7.1 Service unavailable, Client host [192.0.2.9] blocked using Spamhaus',
  },
]);
