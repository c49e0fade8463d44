/** What Yahoo and AOL say: codes in brackets, and in AOL's own time three-part codes. */
import { cures } from '../../cures.ts';
import { type ReplyRule, rulesOf } from '../../rule.ts';

const group = {
  from: ['yahoo'],
  link: 'https://senders.yahooinc.com/smtp-error-codes/',
  source: 'https://senders.yahooinc.com/smtp-error-codes/',
  verified: '2026-11-28',
} as const;

export const yahooRules: readonly ReplyRule[] = rulesOf(group, [
  {
    id: 'yahoo/deferred-for-good',
    words: '[tss09] | [tss11] | [tss10] | permanently deferred | retrying will not succeed',
    says: 'our-ip blocked 24h',
    cure:
      'Stop all mail from this address to Yahoo, cure the cause, and use the sender form of ' +
      'Yahoo.',
    link: 'https://senders.yahooinc.com/contact',
    yes:
      '553 5.7.2 [TSS09] All messages from 192.0.2.9 will be permanently deferred; Retrying ' +
      'will NOT succeed.',
    no:
      '421 4.7.0 [TSS04] Messages from 192.0.2.9 temporarily deferred due to unexpected ' +
      'volume or user complaints',
  },
  {
    id: 'yahoo/slowed-long',
    words: '[tss05] | [iptss05] | [ipts05] | [tss06]',
    codes: '4',
    says: 'rate slowed 4h',
    cure: 'Slow down. Look for complaints and for missing SPF, DKIM or DMARC, and wait some hours.',
    yes:
      '421 4.7.0 [TSS05] Messages from 192.0.2.9 temporarily deferred due to unexpected ' +
      'volume or user complaints',
    no:
      '421 4.7.0 [TSS04] Messages from 192.0.2.9 temporarily deferred due to unexpected ' +
      'volume or user complaints',
  },
  {
    id: 'yahoo/messages-per-connection',
    words: 'max message per connection | messages per connection',
    says: 'rate transient 5m',
    cure:
      'Nothing is held against this server: Postfix opens a new connection. To avoid the ' +
      'reply, set smtp_connection_reuse_count_limit = 20.',
    link: 'https://www.postfix.org/postconf.5.html#smtp_connection_reuse_count_limit',
    yes: '421 Max message per connection reached, closing transmission channel',
    no: '421 Too many concurrent connections',
  },
  {
    id: 'yahoo/slowed',
    words: `
      [ts01] | [ts02] | [ts03] | [ts04] | [tss | [iptss | [ipts | [ipts04] | unexpected volume
      user complaints | temporarily deferred due to`,
    codes: '4',
    without: 'unresolvable',
    says: 'rate slowed 2h',
    cure: 'Slow down. Look for complaints and for missing SPF, DKIM or DMARC, and wait some hours.',
    yes:
      '421 4.7.0 [TSS04] Messages from 192.0.2.9 temporarily deferred due to unexpected ' +
      'volume or user complaints - 4.16.55.1',
    no: '553 5.7.2 [TSS09] All messages from 192.0.2.9 will be permanently deferred',
  },
  {
    id: 'yahoo/spamhaus',
    words: '[bl21] | [bl23] | spamhaus',
    filter: 'spamhaus',
    says: 'our-ip blocked 24h',
    cure: cures.spamhaus,
    yes:
      '553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.9, because the ip is ' +
      'in the PBL of Spamhaus',
    no: '553 5.7.2 [TSS09] All messages from 192.0.2.9 will be permanently deferred',
  },
  {
    id: 'yahoo/own-list',
    words: '[bl | connections not accepted from | connections will not be accepted',
    says: 'our-ip blocked 24h',
    cure: cures.stopSource,
    yes: '553 5.7.1 [BL30] Connections not accepted from 192.0.2.9',
    no: '421 4.7.0 [TSS04] Messages from 192.0.2.9 temporarily deferred',
  },
  {
    id: 'yahoo/unresolvable-domain',
    words: 'unresolvable',
    says: 'our-domain blocked until-fixed',
    cure: cures.senderDomain,
    yes: '451 Message temporarily deferred due to unresolvable RFC.5321 from domain.',
    no: '451 Message temporarily deferred - [160]',
  },
  {
    id: 'yahoo/aol-listed',
    words: 'rtr:bl | rtr:ch | rtr:bg | rtr:ge',
    says: 'our-ip blocked 24h',
    cure: cures.stopSource,
    yes:
      '554- (RTR:BL) https://postmaster.aol.com/error-codes#554rtrbl 554 Connecting IP: ' +
      '192.0.2.9',
    no: '554- (RTR:RD) https://postmaster.aol.com/error-codes#554rtrrd',
  },
  {
    id: 'yahoo/no-ptr',
    words: 'reverse dns | forward-confirmed | rtr:dd | rtr:rd | dns:nr | dns:b',
    says: 'our-ip blocked until-fixed',
    cure: cures.ptr,
    yes: '550 5.7.25 Forward-confirmed reverse DNS failed for 192.0.2.9',
    no: '550 5.7.9 This mail has been blocked because the sender is unauthenticated.',
  },
  {
    id: 'yahoo/aol-dynamic',
    words: 'rtr:du | rtr:bb | dyn:t | dynamic',
    says: 'our-ip blocked until-fixed',
    cure: cures.dynamic,
    yes: '554 (DYN:T1) http://postmaster.info.aol.com/errors/554dynt1.html',
    no: '554 (RLY:B1) http://postmaster.info.aol.com/errors/554rlyb1.html',
  },
  {
    id: 'yahoo/aol-link',
    words: 'hvu:b',
    says: 'content blocked until-fixed',
    cure: cures.link,
    yes: '554 (HVU:B1) http://postmaster.info.aol.com/errors/554hvub1.html',
    no: '554 (RLY:B1) http://postmaster.info.aol.com/errors/554rlyb1.html',
  },
  {
    id: 'yahoo/aol-connections',
    words: 'con:b | maximum * connection | too many * connection | connection * limit',
    says: 'rate slowed 15m',
    cure: cures.connections,
    yes: '421 (CON:B1) Too many connections',
    no: '421 4.7.0 [TSS04] Messages from 192.0.2.9 temporarily deferred',
  },
  {
    id: 'yahoo/aol-complaints',
    words: `
      rly:b | rly:cs | rly:c | rly:nw | rly:bd | rly:ov | rly:ob | rly:oc | rtr:ch | rtr:bg
      rtr:ge | rtr:bl`,
    says: 'our-ip blocked 24h',
    cure: cures.stopSource,
    yes: '554 (RLY:B1) http://postmaster.info.aol.com/errors/554rlyb1.html',
    no: '554 (HVU:B1) http://postmaster.info.aol.com/errors/554hvub1.html',
  },
  {
    id: 'yahoo/aol-sender',
    words: 'rly:sn',
    says: 'our-domain blocked 24h',
    cure: cures.domainReputation,
    yes: '554 (RLY:SN) http://postmaster.info.aol.com/errors/421rlysn.html',
    no: '554 (RLY:B1) http://postmaster.info.aol.com/errors/554rlyb1.html',
  },
  {
    id: 'yahoo/unauthenticated',
    words: `
      unauthenticated | not accepted for policy reasons * authentic | dmarc
      requires all senders to authenticate | authentication`,
    says: 'authentication blocked until-fixed',
    cure: cures.authenticate,
    yes: '550 5.7.9 This mail has been blocked because the sender is unauthenticated.',
    no: '554 5.7.9 Message not accepted for policy reasons.',
  },
  {
    id: 'yahoo/mailbox-busy',
    words: 'receiving mail too quickly | user is receiving',
    says: 'recipient transient 1h',
    cure: cures.busyMailbox,
    yes: '450 User is receiving mail too quickly',
    no: '421 4.7.0 [TSS04] Messages from 192.0.2.9 temporarily deferred',
  },
  {
    id: 'yahoo/mailbox-full',
    words: 'mailbox full | mailbox is full | over quota | out of space',
    says: 'recipient permanent-for-this-recipient 24h',
    cure: cures.fullMailbox,
    yes: '552 5.2.2 1 Requested mail action aborted, mailbox full',
    no: '552 1 Requested mail action aborted, mailbox not found',
  },
  {
    id: 'yahoo/mailbox-closed',
    words: `
      disabled or discontinued | discontinued | account has been disabled | mailbox disabled
      (554.30) | account * inactive`,
    says: 'recipient permanent-for-this-recipient never',
    cure: cures.closedMailbox,
    yes:
      '554 delivery error: dd Sorry your message to ann@yahoo.com cannot be delivered. This ' +
      'account has been disabled or discontinued [#102].',
    no: "554 delivery error: dd This user doesn't have a yahoo.com account (ann@yahoo.com) [0]",
  },
  {
    id: 'yahoo/mailbox-unknown',
    words: `
      doesn't have a * account | mailbox not found | user unknown | unknown user
      no such mailbox | mailbox unavailable | recipient address rejected | invalid mailbox
      not our customer | user not found`,
    says: 'recipient permanent-for-this-recipient never',
    cure: cures.noMailbox,
    yes: "554 delivery error: dd This user doesn't have a yahoo.com account (ann@yahoo.com) [0]",
    no: '554 Message not allowed - [299]',
  },
  {
    id: 'yahoo/content-slowed',
    words: 'message temporarily deferred',
    codes: '4',
    says: 'content slowed 2h',
    cure: 'Look at the message and at what else was sent. Try again later, slowly.',
    yes: '451 Message temporarily deferred - [170]',
    no: '554 Message not allowed - [299]',
  },
  {
    id: 'yahoo/content',
    words: `
      message not allowed | [ph01] | policy reasons | will not accept delivery of this message
      message content | not accepted | considered spam | spam | phish | 5.7.9`,
    codes: '5',
    says: 'content blocked until-fixed',
    cure: cures.content,
    yes: '554 Message not allowed - [PH01] Email not accepted for policy reasons.',
    no: '554 delivery error: dd This account has been disabled or discontinued [#102].',
  },
  {
    id: 'yahoo/headers',
    words: 'multiple * from | from: header | header | rfc5322 | rfc 5322 | message-id',
    codes: '5',
    says: 'content blocked until-fixed',
    cure: cures.headers,
    yes: '550 Missing From: header',
    no: '550 5.7.9 This mail has been blocked because the sender is unauthenticated.',
  },
  {
    id: 'yahoo/own-fault',
    words: `
      resources temporarily unavailable | resource | try again later | internal error
      server error | service unavailable`,
    codes: '4',
    says: 'their-fault transient 15m',
    cure: cures.none,
    yes: '451 mta9.example Resources temporarily unavailable. Please try again later [#4.16.1].',
    no: '421 4.7.0 [TSS04] Messages from 192.0.2.9 temporarily deferred',
  },
]);
