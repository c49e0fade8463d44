/** Words of filter products, whichever host answers with them. */
import { cures } from '../../cures.ts';
import { type ReplyRule, rulesOf } from '../../rule.ts';

const mimecast = {
  from: ['mimecast'],
  link: 'https://mimecastsupport.zendesk.com/hc/en-us/articles/34000709564691',
  source: 'https://community.mimecast.com/docs/DOC-1369',
  verified: '2026-11-28',
} as const;
const seen = { source: 'replies of these products, 2012 to 2026', verified: '2026-11-28' } as const;

export const filterRules: readonly ReplyRule[] = [
  ...rulesOf(mimecast, [
    {
      id: 'mimecast/greylist',
      words: `
        internal resource* temporarily unavailable
        internal resources are temporarily unavailable`,
      says: 'greylist transient 5m',
      cure: cures.greylist,
      yes:
        '451 Internal resource temporarily unavailable - ' +
        'https://community.mimecast.com/docs/DOC-1369#451',
      no: '550 Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550',
    },
    {
      id: 'mimecast/anti-spoofing',
      words: 'anti-spoofing | antispoofing',
      says: 'policy-of-recipient permanent-for-this-recipient never',
      cure:
        "The sender writes in the recipient's own domain from outside. Ask them to allow " +
        'this address.',
      yes:
        '550 Rejected by header based Anti-Spoofing policy: ann@example.net - ' +
        'https://community.mimecast.com/docs/DOC-1369#550',
      no: '550 Administrative prohibition - envelope blocked',
    },
    {
      id: 'mimecast/envelope-blocked',
      words: `
        envelope blocked | administrative prohibition
        email rejected due to security policies*sender`,
      says: 'policy-of-recipient permanent-for-this-recipient never',
      cure: cures.recipientsRule,
      yes:
        '550 Administrative prohibition - envelope blocked - ' +
        'https://community.mimecast.com/docs/DOC-1369#550',
      no: '550 Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550',
    },
    {
      id: 'mimecast/network',
      words: 'host network not allowed | host network, not allowed | network not allowed',
      says: 'our-ip blocked 24h',
      cure: cures.stopSource,
      yes: '554 Host network not allowed - https://community.mimecast.com/docs/DOC-1369#554',
      no: '550 Invalid Recipient',
    },
    {
      id: 'mimecast/reputation',
      words: 'poor reputation | blocked sender | zen.mimecast | csi.mimecast | blocked - ',
      without: "recipient's policy | by recipient",
      says: 'our-ip blocked 24h',
      cure: cures.stopSource,
      yes: '550 Rejected: sender host has a poor reputation',
      no: '550 Invalid Recipient',
    },
    {
      id: 'mimecast/security-policies',
      words: 'security policies | malware | virus signature | spam',
      codes: '5',
      says: 'content blocked until-fixed',
      cure: cures.content,
      yes:
        '554 Email rejected due to security policies - ' +
        'https://community.mimecast.com/docs/DOC-1369#554',
      no: '550 Invalid Recipient',
    },
    {
      id: 'mimecast/tls',
      words: 'requires encryption',
      says: 'tls blocked until-fixed',
      cure: cures.tlsNeeded,
      yes:
        '553 This route requires encryption (TLS) - ' +
        'https://community.mimecast.com/docs/DOC-1369#553',
      no: '550 Invalid Recipient',
    },
    {
      id: 'mimecast/rate',
      words: 'too many | exceeding limits | connection limit',
      says: 'rate slowed 1h',
      cure: cures.slower,
      yes: '451 Too many recipients in this connection',
      no: '550 Invalid Recipient',
    },
  ]),
  ...rulesOf(seen, [
    {
      id: 'barracuda/expired',
      words: 'license expired | licence expired | subscription expired',
      says: 'their-fault transient 24h',
      cure:
        'Nothing to do here: the licence of their filter has expired. Tell the recipient ' +
        'another way.',
      yes: '422 License Expired',
      no: '451 Temporary local problem',
    },
    {
      id: 'barracuda/blocked',
      from: ['barracuda'],
      words: ':blocked) | (blocked) | blocked by barracuda | message blocked',
      without: ':550 | :554 | :552',
      says: 'content blocked until-fixed',
      cure: cures.content,
      link: 'https://www.barracudacentral.org/lookups',
      yes: '550 permanent failure for one or more recipients (ann@example.net:blocked)',
      no:
        '550 permanent failure for one or more recipients (ann@example.net:550 5.1.1 User ' +
        'unknown)',
    },
    {
      id: 'barracuda/quarantine',
      from: ['barracuda'],
      words: 'delivery deferred | deferred by',
      codes: '4',
      says: 'their-fault transient 15m',
      cure: cures.none,
      yes: '451 Delivery deferred by their server',
      no: '550 permanent failure for one or more recipients (ann@example.net:blocked)',
    },
    {
      id: 'messagelabs/slowed',
      from: ['messagelabs'],
      words: 'requested action aborted',
      codes: '4',
      says: 'rate slowed 1h',
      cure: cures.slower,
      link: 'https://knowledge.broadcom.com/external/article?legacyId=TECH246726',
      yes: '450 Requested action aborted [9] 20412-1614853353, please visit the page of this error',
      no: '451 Temporary local problem',
    },
    {
      id: 'messagelabs/address',
      from: ['messagelabs'],
      words: 'connection from a * address | traffic shaping | ~[7a] | blocked * ~ip~ | open relay',
      says: 'our-ip blocked 24h',
      cure: cures.stopSource,
      yes: '553 Message filtered: connection from a blocked address',
      no: '553-sorry, that domain isn’t in my list of allowed rcpthosts',
    },
    {
      id: 'messagelabs/content',
      from: ['messagelabs'],
      words: 'message filtered | [11] | spam detected',
      says: 'content blocked until-fixed',
      cure: cures.content,
      yes: '553-Message filtered. Please see the FAQs section on spam',
      no: '550 Invalid recipient',
    },
    {
      id: 'proofpoint/address',
      from: ['proofpoint'],
      words: 'blocked - see | ipcheck | pdr | dynamic reputation',
      says: 'our-ip blocked 24h',
      cure: cures.proofpoint,
      link: 'https://ipcheck.proofpoint.com',
      yes: '554 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.9',
      no: '550 5.1.1 User unknown',
    },
    {
      id: 'proofpoint/recipient',
      from: ['proofpoint'],
      words: 'marked as invalid | user email address',
      says: 'recipient permanent-for-this-recipient never',
      cure: cures.noMailbox,
      yes:
        '550 5.7.1 <ann@example.net>: Recipient address rejected: User email address is ' +
        'marked as invalid.',
      no: '554 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.9',
    },
    {
      id: 'trendmicro/recipients-rule',
      from: ['trendmicro'],
      words: 'block-send-er | blocked sender',
      says: 'policy-of-recipient permanent-for-this-recipient never',
      cure: cures.recipientsRule,
      yes: '554 5.7.1 <ann@example.net>: Recipient address rejected: BLOCK-SEND-ER.',
      no: '550 5.1.1 <ann@example.net>: Recipient address rejected: User unknown',
    },
    {
      id: 'trendmicro/address',
      from: ['trendmicro'],
      words: 'ip reputation | ~ers~ | mail-abuse.org | blocked using trend',
      says: 'our-ip blocked 24h',
      cure:
        'Stop the source of spam. Then look this address up at Trend Micro ' +
        '(servicecentral.trendmicro.com) and ask for removal.',
      link: 'https://servicecentral.trendmicro.com/en-us/ers/ip-lookup/',
      yes:
        '550 5.7.1 Service unavailable; Client host [192.0.2.9] blocked using Trend Micro ' +
        'RBL+, IP reputation',
      no: '550 5.1.1 User unknown',
    },
    {
      id: 'list/trendmicro',
      words: 'blocked using trend micro | mail-abuse.org | mail-abuse.com',
      filter: 'trendmicro',
      says: 'our-ip blocked 24h',
      cure:
        'Stop the source of spam. Then look this address up at Trend Micro ' +
        '(servicecentral.trendmicro.com) and ask for removal.',
      link: 'https://servicecentral.trendmicro.com/en-us/ers/ip-lookup/',
      yes: '550 5.7.1 Client host [192.0.2.9] blocked using Trend Micro Email Reputation Service',
      no: '550 5.7.1 Client host [192.0.2.9] blocked using list.example.net',
    },
    {
      id: 'sophos/tls',
      from: ['sophos'],
      words: 'xgemail_0006',
      says: 'tls blocked until-fixed',
      cure: cures.tlsNeeded,
      yes: '550 5.7.1 XGEMAIL_0006 Command rejected',
      no: '550 5.7.1 XGEMAIL_0011 Command rejected',
    },
    {
      id: 'sophos/undisclosed',
      from: ['sophos'],
      words: 'xgemail_00',
      without: 'recipient address | user * not found | user unknown | greylist',
      says: 'policy-of-recipient permanent-for-this-recipient never',
      cure: cures.recipientsRule,
      yes: '550 5.7.1 XGEMAIL_0011 Command rejected',
      no: '550 5.1.1 User unknown',
    },
    {
      id: 'spamexperts/link',
      from: ['spamexperts', 'siteground', 'other'],
      words: 'spamrl | a url in this email',
      without: 'sending ip | your ip | ip address',
      filter: 'spamexperts',
      says: 'content blocked until-fixed',
      cure: cures.link,
      link: 'https://spamrl.com/',
      yes:
        '550 A URL in this email (shop.example) is listed on https://spamrl.com/. Please ' +
        'resolve and retry',
      no: '550 High probability of spam',
    },
    {
      id: 'spamexperts/content',
      from: ['spamexperts', 'siteground', 'other'],
      words: 'high probability of spam | probability of spam',
      says: 'content blocked until-fixed',
      cure: cures.content,
      yes: '550 High probability of spam',
      no: '550 No such recipient here',
    },
    {
      id: 'vade/recipient',
      from: ['vade'],
      words: 'recipient rejected',
      says: 'recipient permanent-for-this-recipient never',
      cure: cures.noMailbox,
      yes:
        '550 5.5.1 Recipient rejected - AB1_CD3 - ' +
        'https://postmaster-oxseu.vadesecure.com/inbound_error_codes/#_403',
      no: '550 5.7.1 Connection rejected',
    },
    {
      id: 'fireeye/dmarc',
      from: ['fireeye'],
      words: 'etp205 | etp204 | etp206',
      says: 'authentication blocked until-fixed',
      cure: cures.dmarc,
      yes: '550 5.7.26 <ann@example.org>: ETP205 DMARC Failure for domain',
      no: '550 5.1.1 ETP101 Unknown recipient',
    },
    {
      id: 'mxlogic/own-fault',
      from: ['mxlogic'],
      words: 'could not load',
      says: 'their-fault transient 1h',
      cure: cures.none,
      yes: '451 Could not load DRD for domain (example.net) rcpt (ann@example.net)',
      no: '550 Mailbox unknown',
    },
    {
      id: 'mailchannels/content',
      from: ['mailchannels'],
      words: 'blocked by * spam | [tfn | [cs] | [sdnf] | [iph',
      codes: '5',
      says: 'content blocked until-fixed',
      cure: cures.content,
      yes: '550 5.7.1 [CS] Message blocked. Please visit https://console.mailchannels.net',
      no: '550 5.1.1 User unknown',
    },
    {
      id: 'fortimail/link',
      words: 'fortiguard * url | fortiguard-antispam * url',
      filter: 'fortimail',
      says: 'content blocked until-fixed',
      cure: cures.link,
      link: 'https://www.fortiguard.com/webfilter',
      yes:
        '554 5.7.1 This message has been blocked because it contains FortiGuard - AntiSpam ' +
        'blocking URL(s).',
      no:
        '554 5.7.1 This message has been blocked because it contains FortiGuard - AntiSpam ' +
        'blocking IP.',
    },
    {
      id: 'fortimail/address',
      words: 'fortiguard',
      filter: 'fortimail',
      says: 'our-ip blocked 24h',
      cure: cures.listed,
      link: 'https://www.fortiguard.com/services/antispam',
      yes: '554 5.7.1 Blocked by FortiGuard-AntiSpam: IP 192.0.2.9',
      no: '554 5.7.1 Blocked: IP 192.0.2.9',
    },
    {
      id: 'cisco/recipient',
      words: '#5.1.0 address rejected',
      filter: 'cisco',
      says: 'recipient permanent-for-this-recipient never',
      cure: cures.noMailbox,
      yes: '550 #5.1.0 Address rejected.',
      no: '550 5.1.0 <ann@example.org>: Sender address rejected',
    },
    {
      id: 'cisco/address',
      words: '#5.7.1 your access to submit messages',
      filter: 'cisco',
      says: 'our-ip blocked 24h',
      cure: cures.talos,
      link: 'https://talosintelligence.com/reputation_center',
      yes: '550 #5.7.1 Your access to submit messages to this e-mail system has been rejected.',
      no: '550 #5.1.0 Address rejected.',
    },
    {
      id: 'magicspam/country',
      words: 'country has been blacklisted',
      filter: 'magicspam',
      says: 'our-network blocked never',
      cure: cures.network,
      yes: '550 5.7.0 Your country has been blacklisted. Protection provided by MagicSpam',
      no: '550 5.7.0 Your address has been blacklisted. Protection provided by MagicSpam',
    },
    {
      id: 'magicspam/any',
      words: 'magicspam',
      without: 'country',
      filter: 'magicspam',
      says: 'our-ip blocked 24h',
      cure: cures.listed,
      yes: '550 5.7.0 Your address has been blacklisted. Protection provided by MagicSpam',
      no: '550 5.7.0 Your address has been blacklisted.',
    },
    {
      id: 'secumail/recipient',
      words: 'valid-address-filter',
      filter: 'secumail',
      says: 'recipient permanent-for-this-recipient never',
      cure: cures.noMailbox,
      yes: '550 User unknown - denied by SecuMail valid-address-filter',
      no: '550 User unknown',
    },
    {
      id: 'expurgate/refused',
      words: 'expurgate',
      filter: 'expurgate',
      says: 'content blocked until-fixed',
      cure: cures.content,
      yes: '550 5.7.1 Message refused by eXpurgate',
      no: '550 5.7.1 Message refused',
    },
    {
      id: 'securence/refused',
      words: 'securence',
      filter: 'securence',
      says: 'content blocked until-fixed',
      cure: cures.content,
      yes: '554 Message refused by Securence',
      no: '554 Message refused',
    },
    {
      id: 'hornet/address',
      words: `
        ~ip * hornetsecurity | client host * hornetsecurity | client host * antispameurope
        hornetsecurity * ~ip | ~ip * antispameurope | reputation * hornetsecurity`,
      filter: 'hornetsecurity',
      says: 'our-ip blocked 24h',
      cure: cures.stopSource,
      yes: '554 5.7.1 Client host blocked by antispameurope',
      no: '554 5.7.1 Client host blocked',
    },
  ]),
];
