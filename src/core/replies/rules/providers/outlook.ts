/** What Microsoft says for its own mailboxes: Outlook.com, Hotmail, Live and MSN. */
import { cures } from '../../cures.ts';
import { type ReplyRule, rulesOf } from '../../rule.ts';

const consumer = {
  from: ['ms-consumer'],
  link: 'https://olcsupport.office.com',
  source: 'https://substrate.office.com/ip-domain-management-snds/',
  verified: '2026-11-28',
} as const;
const form =
  'Stop the source of spam. Then send the sender support form once, with this code; expect a ' +
  'day or more.';

export const outlookRules: readonly ReplyRule[] = rulesOf(consumer, [
  {
    id: 'outlook/block-list',
    words: `
      part of their network is on our block list | s3150) | s3140) | (s3140 | (s3150
      block list (s | sc-001 | sc-002 | sc-003 | sc-004 | on our block list`,
    codes: '5',
    says: 'our-ip blocked 24h',
    cure: form,
    yes:
      "550 5.7.1 Unfortunately, messages from [192.0.2.9] weren't sent. Please contact your " +
      'Internet service provider since part of their network is on our block list (S3140).',
    no: '550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302).',
  },
  {
    id: 'outlook/dynamic-address',
    words: `
      ~dy-001 | ~dy-002 | ~dy-00`,
    says: 'our-ip blocked until-fixed',
    cure: cures.dynamic,
    yes: '550 DY-001 (BAY004-MC1F1) Unfortunately, messages from 192.0.2.9 were not sent.',
    no: '550 SC-001 (BAY004-MC1F1) Unfortunately, messages from 192.0.2.9 were not sent.',
  },
  {
    id: 'outlook/ou',
    words: '~ou-001 | ~ou-002 | ~ou-00',
    says: 'our-ip blocked 24h',
    cure: form,
    yes: '550 OU-002 (BAY004-MC1F1) Unfortunately, messages from 192.0.2.9 were not sent.',
    no: '550 DY-001 (BAY004-MC1F1) Unfortunately, messages from 192.0.2.9 were not sent.',
  },
  {
    id: 'outlook/too-many-connections',
    from: ['ms-consumer', 'ms-365'],
    words: `
      maximum number of connections | too many connections | (s3115)
      exceeded the connection limit | too many concurrent | ib007 | rp-002
      messages per connection`,
    codes: '4 5',
    says: 'rate slowed 15m',
    cure: cures.connections,
    yes:
      '421 4.7.652 The mail server [192.0.2.9] has exceeded the maximum number of ' +
      'connections. (S3115)',
    no:
      '451 4.7.650 The mail server [192.0.2.9] has been temporarily rate limited due to IP ' +
      'reputation. (S775)',
  },
  {
    id: 'outlook/connections-code',
    codes: '4.7.652',
    says: 'rate slowed 15m',
    cure: cures.connections,
    yes: '421 4.7.652 Not now',
    no: '421 4.7.650 Not now',
  },
  {
    id: 'outlook/slowed-by-reputation',
    from: ['ms-consumer', 'ms-365'],
    words: `
      rate limited due to ip reputation | (s775) | (s843) | (s3113) | (s3114) | (s844)
      rate limited * reputation | temporarily rate limited`,
    codes: '4',
    says: 'our-ip slowed 2h',
    cure: cures.stopSource,
    yes:
      '451 4.7.650 The mail server [192.0.2.9] has been temporarily rate limited due to IP ' +
      'reputation. For e-mail delivery information, see the postmaster pages (S775)',
    no:
      '421 RP-001 (COL004-MC1F1) We have limits for how many messages can be sent per hour ' +
      'and per day.',
  },
  {
    id: 'outlook/reputation-codes',
    from: ['ms-consumer', 'ms-365'],
    codes: '4.7.650 4.7.651',
    says: 'our-ip slowed 2h',
    cure: cures.stopSource,
    yes: '451 4.7.651 Not now',
    no: '451 4.7.652 Not now',
  },
  {
    id: 'outlook/slowed',
    words: `
      ~rp-001 | ~rp-003 | ~rp-00 | limits for how many messages | per hour and per day
      server busy * (as | server is busy`,
    codes: '4',
    says: 'rate slowed 1h',
    cure: cures.slower,
    yes:
      '421 RP-001 (COL004-MC1F1) Unfortunately, some messages from 192.0.2.9 were not sent. ' +
      'We have limits for how many messages can be sent per hour and per day.',
    no: '451 4.7.650 temporarily rate limited due to IP reputation (S775)',
  },
  {
    id: 'outlook/bulk-authentication',
    words: `
      does not meet the required authentication level | required authentication level
      spf= * dkim= * dmarc=`,
    says: 'authentication blocked until-fixed',
    cure: cures.authenticate,
    link: 'https://techcommunity.microsoft.com/blog/microsoftdefenderforoffice365blog/4399730',
    yes:
      '550 5.7.515 Access denied, sending domain EXAMPLE.ORG does not meet the required ' +
      'authentication level.',
    no: '550 5.7.1 Unfortunately, messages from [192.0.2.9] were not sent (S3150).',
  },
  {
    id: 'outlook/multiple-regions',
    words: 'multiple regions | attr38',
    says: 'their-fault transient 15m',
    cure: cures.none,
    yes: '452 4.5.3 Recipients belong to multiple regions ATTR38',
    no: '452 4.5.3 Too many recipients',
  },
  {
    id: 'outlook/mailbox-unknown',
    words: 'mailbox unavailable | recipient not found | does not exist',
    says: 'recipient permanent-for-this-recipient never',
    cure: cures.noMailbox,
    yes: '550 5.5.0 Requested action not taken: mailbox unavailable.',
    no: '550 5.7.1 Unfortunately, messages from [192.0.2.9] were not sent (S3150).',
  },
  {
    id: 'outlook/mailbox-full',
    words: 'mailbox full | mailbox * full | over quota | quota',
    codes: '5',
    without: 'queue quota',
    says: 'recipient permanent-for-this-recipient 24h',
    cure: cures.fullMailbox,
    yes: '554 5.2.2 mailbox full',
    no: '550 5.5.0 Requested action not taken: mailbox unavailable.',
  },
  {
    id: 'outlook/transaction-failed',
    words: 'transaction failed',
    steps: 'mail greeting helo',
    says: 'our-ip blocked 24h',
    cure: form,
    yes: '554 Transaction failed',
    no: '550 Requested action not taken: mailbox unavailable',
  },
]);
