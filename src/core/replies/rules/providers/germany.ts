/** What providers of Germany say: GMX and WEB.DE, IONOS, Telekom. */
import { cures } from '../../cures.ts';
import { type ReplyRule, rulesOf } from '../../rule.ts';

const ui = {
  from: ['united-internet'],
  link: 'https://postmaster.gmx.net/en/error-messages',
  source: 'https://postmaster.gmx.net/en/error-messages',
  verified: '2026-11-28',
} as const;

export const germanRules: readonly ReplyRule[] = rulesOf(ui, [
  {
    id: 'gmx/no-ptr',
    words: 'bad dns ptr | c=rdns | dns ptr',
    says: 'our-ip blocked until-fixed',
    cure: cures.ptr,
    yes:
      '554-gmx.net (mxgmx9) Nemesis ESMTP Service not available 554-No SMTP service 554-Bad ' +
      'DNS PTR resource record.',
    no:
      '554-gmx.net (mxgmx9) Nemesis ESMTP Service not available 554-No SMTP service 554-IP ' +
      'address is block listed.',
  },
  {
    id: 'gmx/listed',
    words: `
      block listed | black listed | blacklisted | c=bl | c=r0303 | c=r0302 | c=r0301
      ip address is`,
    says: 'our-ip blocked 24h',
    cure: cures.stopSource,
    link: 'https://postmaster.gmx.net/en/contact',
    yes:
      '554-gmx.net (mxgmx9) Nemesis ESMTP Service not available 554-No SMTP service 554-IP ' +
      'address is block listed.',
    no: '554-gmx.net (mxgmx9) Nemesis ESMTP Service not available 554-Bad DNS PTR resource record.',
  },
  {
    id: 'gmx/helo-changes',
    words: 'policy violation*helo | c=helo | helo',
    codes: '4',
    says: 'our-ip blocked until-fixed',
    cure: cures.helo,
    yes: '450 Requested mail action not taken: the HELO name keeps changing',
    no: '421 Rate limit exceeded',
  },
  {
    id: 'gmx/rate',
    words: 'rate limit | c=rl | too many messages | too many connections | c=hi | limit exceeded',
    says: 'rate slowed 1h',
    cure: cures.slower,
    yes:
      '450-Requested mail action not taken: mailbox unavailable 450-Mail send limit ' +
      'exceeded. Rate limit',
    no:
      '550-Requested action not taken: mailbox unavailable 550-Reject due to policy ' +
      'restrictions.',
  },
  {
    id: 'gmx/policy-slowed',
    words: 'policy violation | policy restrictions | c=poli',
    codes: '4',
    says: 'our-ip slowed 1h',
    cure:
      'Clean the list of recipients: too many unknown mailboxes were written to. Then try ' +
      'again slowly.',
    yes: '421-Requested action not taken: mailbox unavailable 421-Reject due to policy violations.',
    no:
      '550-Requested action not taken: mailbox unavailable 550-Reject due to policy ' +
      'restrictions.',
  },
  {
    id: 'gmx/policy',
    words: `
      policy restrictions | policy violation | c=poli | c=r0601 | content restrictions
      due to policy`,
    codes: '5',
    says: 'content blocked until-fixed',
    cure: cures.content,
    yes:
      '550-Requested action not taken: mailbox unavailable 550-Reject due to policy ' +
      'restrictions.',
    no:
      '550-Requested action not taken: mailbox unavailable 550 For explanation visit ' +
      'https://postmaster.gmx.net/en/case?c=r1601',
  },
  {
    id: 'gmx/authentication',
    words: 'sender address * spf | spf | dmarc | dkim | c=auth',
    says: 'authentication blocked until-fixed',
    cure: cures.authenticate,
    yes: '550-Requested action not taken 550-Sender address has no SPF permission.',
    no:
      '550-Requested action not taken: mailbox unavailable 550-Reject due to policy ' +
      'restrictions.',
  },
  {
    id: 'gmx/mailbox-full',
    words: 'exceeded storage allocation | quota exceeded | c=r1503 | mailbox full',
    says: 'recipient permanent-for-this-recipient 24h',
    cure: cures.fullMailbox,
    yes: '552-Requested mail action aborted: exceeded storage allocation 552-Quota exceeded.',
    no: '550-Requested action not taken: mailbox unavailable',
  },
  {
    id: 'gmx/mailbox-unknown',
    words: 'mailbox unavailable | c=r1601 | c=r1602 | unknown user',
    without: 'sender address | sender domain | sender forbidden',
    codes: '5',
    says: 'recipient permanent-for-this-recipient never',
    cure: cures.noMailbox,
    yes:
      '550-Requested action not taken: mailbox unavailable 550 For explanation visit ' +
      'https://postmaster.gmx.net/en/case?c=r1601&i=ip&v=192.0.2.9',
    no: '552-Requested mail action aborted: exceeded storage allocation 552-Quota exceeded.',
  },
  {
    id: 'gmx/sender',
    words: 'sender address | sender domain | sender forbidden',
    codes: '5',
    without: 'spf | dmarc | dkim',
    says: 'our-domain blocked until-fixed',
    cure: cures.senderRefused,
    yes: '550-Requested action not taken: mailbox unavailable 550 Sender address is not allowed',
    no: '550 Requested action not taken: mailbox unavailable',
  },
  {
    id: 'gmx/refused',
    words: 'no smtp service',
    says: 'our-ip blocked 24h',
    cure: cures.stopSource,
    yes: '554-web.de (mxweb9) Nemesis ESMTP Service not available 554-No SMTP service',
    no: '550-Requested action not taken: mailbox unavailable',
  },
  {
    id: 't-online/dial-up',
    from: ['t-online', 'other'],
    words: '(dial) | dialup/transient',
    says: 'our-ip blocked until-fixed',
    cure:
      'Give the address a PTR name of your own and an imprint page. Then write to the ' +
      'address in the reply.',
    link: 'https://postmaster.t-online.de',
    yes: '554 IP=192.0.2.9 - Dialup/transient IP not allowed. (DIAL)',
    no: '554 IP=192.0.2.9 - A problem occurred. (BL)',
  },
  {
    id: 't-online/new-address',
    from: ['t-online', 'other'],
    words: '(nowl) | bad reputation',
    says: 'our-ip blocked 24h',
    cure:
      'A new address is refused until they know it. Write to the address in the reply, with ' +
      'PTR name and imprint in order.',
    link: 'https://postmaster.t-online.de',
    yes: '554 IP=192.0.2.9 - None/bad reputation. Ask your postmaster for help. (NOWL)',
    no: '554 IP=192.0.2.9 - Dialup/transient IP not allowed. (DIAL)',
  },
  {
    id: 't-online/blocked',
    from: ['t-online', 'other'],
    words: '(bl) | ip=* a problem occurred',
    says: 'our-ip blocked 24h',
    cure:
      'Stop the source of spam. Then write to the address in the reply, with PTR name and ' +
      'imprint in order.',
    link: 'https://postmaster.t-online.de',
    yes:
      '554 IP=192.0.2.9 - A problem occurred. Ask your postmaster for help or contact us to ' +
      'clarify. (BL)',
    no: '554 IP=192.0.2.9 - None/bad reputation. (NOWL)',
  },
]);
