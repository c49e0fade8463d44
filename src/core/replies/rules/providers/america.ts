/** What Apple and the access providers of North America say. */
import { cures } from '../../cures.ts';
import { type ReplyRule, rulesOf } from '../../rule.ts';

const apple = {
  from: ['apple'],
  link: 'https://support.apple.com/en-us/102322',
  source: 'https://support.apple.com/en-us/102322',
  verified: '2026-11-28',
} as const;

const appleRules: readonly ReplyRule[] = rulesOf(apple, [
  {
    id: 'apple/proofpoint',
    words: 'proofpoint | dnsbl-lookup',
    filter: 'proofpoint',
    says: 'our-ip blocked 24h',
    cure: cures.proofpoint,
    link: 'https://ipcheck.proofpoint.com',
    yes: '554 5.7.0 Blocked - see https://support.proofpoint.com/dnsbl-lookup.cgi?ip=192.0.2.9',
    no: '554 5.7.1 [CS01] Message rejected due to local policy.',
  },
  {
    id: 'apple/rate',
    words: `
      [hcm1] | [bs02] | excessive volume | too many * messages | too many connections
      rate limit`,
    says: 'rate slowed 15m',
    cure: cures.slower,
    yes: '421 4.7.0 [BS02] Temporarily rejected. Try again later: excessive volume',
    no: '554 5.7.1 [CS01] Message rejected due to local policy.',
  },
  {
    id: 'apple/authentication',
    words: '[hme1] | dmarc | not authenticated | spf | dkim | authentic',
    says: 'authentication blocked until-fixed',
    cure: cures.dmarc,
    yes: "554 5.7.1 Your message was rejected due to example.org's DMARC policy.",
    no: '554 5.7.1 [CS01] Message rejected due to local policy.',
  },
  {
    id: 'apple/service-unavailable',
    words: 'service unavailable - try again later',
    codes: '4',
    says: 'rate slowed 15m',
    cure: cures.slower,
    yes: '451 4.7.1 Service unavailable - try again later',
    no: '451 4.3.0 Temporary lookup failure',
  },
  {
    id: 'apple/content',
    words: '[cs01] | [hm08] | [hm0 | [cs0 | [ha01] | [hs01] | local policy | due to spam',
    without: 'spamhaus',
    says: 'content blocked until-fixed',
    cure: cures.content,
    yes: '554 5.7.1 [CS01] Message rejected due to local policy.',
    no: '554 5.7.0 Blocked - see https://support.proofpoint.com/dnsbl-lookup.cgi?ip=192.0.2.9',
  },
]);

const comcast = {
  from: ['comcast'],
  link: 'https://spa.xfinity.com',
  source: 'https://postmaster.comcast.net/smtp-error-codes.php',
  verified: '2026-11-28',
} as const;

const comcastRules: readonly ReplyRule[] = rulesOf(comcast, [
  {
    id: 'comcast/own-list',
    words: '#bl000000 | bl000000',
    says: 'our-ip blocked 24h',
    cure: 'Stop the source of spam. Then use the form of Comcast for blocked senders.',
    yes: '554 192.0.2.9 found on one or more DNSBLs, see #BL000000',
    no: '554 192.0.2.9 found on one or more DNSBLs, see #BL000010',
  },
  {
    id: 'comcast/lists',
    words: '#bl0 | bl000001 | bl000010 | bl000100 | bl000011 | found on one or more dnsbls',
    says: 'our-ip blocked 24h',
    cure:
      'Find the list that names this address (1 in the last place: Spamhaus, 10: Cloudmark, ' +
      '100: Validity). Stop the cause and ask that list for removal.',
    yes:
      '554 resimta-po-1v 192.0.2.9 found on one or more DNSBLs, see ' +
      'http://postmaster.comcast.net/smtp-error-codes.php#BL000010',
    no: '421 Try again later #RL000001',
  },
  {
    id: 'comcast/dynamic',
    words: '#es0 | es00000',
    says: 'our-ip blocked until-fixed',
    cure: cures.dynamic,
    yes: '554 PTR of 192.0.2.9 looks dynamic, see #ES000001',
    no: '554 found on one or more DNSBLs, see #BL000001',
  },
  {
    id: 'comcast/domain-limit',
    words: '#rl000010 | rl000010',
    says: 'rate slowed 15m',
    cure: cures.slower,
    yes: '421 4.2.0 Too much mail of this domain #RL000010',
    no: '421 4.2.0 Too much mail #RL000001',
  },
  {
    id: 'comcast/limit',
    words: '#rl0 | ~rl0000 | throttled',
    says: 'rate slowed 1h',
    cure: cures.slower,
    yes: '421 4.2.0 Throttled - try again later. #RL000001',
    no: '554 found on one or more DNSBLs, see #BL000001',
  },
  {
    id: 'comcast/mailbox-full',
    words: 'quota violation | over quota | quota',
    says: 'recipient permanent-for-this-recipient 24h',
    cure: cures.fullMailbox,
    yes: '552 5.1.1 <ann@comcast.net> recipient rejected - extended quota violation',
    no: '550 5.1.1 <ann@comcast.net> recipient does not exist',
  },
  {
    id: 'comcast/mailbox-closed',
    words: 'account not available | temporarily inactive | inactive | not active',
    says: 'recipient permanent-for-this-recipient never',
    cure: cures.closedMailbox,
    yes: '550 5.1.1 <ann@comcast.net> Account not available',
    no: '552 5.1.1 <ann@comcast.net> recipient rejected - extended quota violation',
  },
]);

const cox = {
  from: ['cox', 'spectrum'],
  link: 'https://www.cox.com/residential/support/email-error-codes.html',
  source: 'https://www.cox.com/residential/support/email-error-codes.html',
  verified: '2026-11-28',
} as const;

const coxRules: readonly ReplyRule[] = rulesOf(cox, [
  {
    id: 'cox/spamhaus',
    words: 'ipbl0001 | ipbl0011 | ipbl1001 | ipbl0101',
    filter: 'spamhaus',
    says: 'our-ip blocked 24h',
    cure: cures.spamhaus,
    link: 'https://check.spamhaus.org',
    yes: '554 5.7.1 refused. AUP#IPBL0001',
    no: '554 5.7.1 refused. AUP#IPBL0100',
  },
  {
    id: 'cox/lists',
    words: 'aup#ipbl | ~ipbl | aup#bl | aup#cxbl',
    says: 'our-ip blocked 24h',
    cure:
      'Find the list that names this address (10: Validity, 100: Invaluement, 1000: ' +
      'Cloudmark). Stop the cause and ask that list for removal.',
    yes: '554 5.7.1 refused. AUP#IPBL1000',
    no: '554 5.7.1 refused. AUP#CXDNS',
  },
  {
    id: 'cox/sent-spam',
    words: 'cdrbl | aup#in-1300 | aup#abuse',
    says: 'our-ip blocked 24h',
    cure: cures.stopSource,
    yes: '550 5.1.0 <news@example.org> sender rejected. Refer to Error Codes section. AUP#CDRBL',
    no: '550 5.1.0 <news@example.org> sender rejected. AUP#CXSNDR',
  },
  {
    id: 'cox/sender',
    words: 'cxsndr | aup#snd',
    says: 'authentication blocked until-fixed',
    cure: cures.authenticate,
    yes: '550 5.1.0 <news@example.org> sender rejected. AUP#CXSNDR',
    no: '550 5.1.0 <news@example.org> sender rejected. AUP#CDRBL',
  },
  {
    id: 'cox/no-ptr',
    words: 'cxdns | aup#dns | aup#poldns',
    says: 'our-ip blocked until-fixed',
    cure: cures.ptr,
    yes: '554 5.7.1 refused. AUP#CXDNS',
    no: '554 5.7.1 refused. AUP#CDRBL',
  },
  {
    id: 'cox/connections',
    words: 'cxcnct | aup#con | too many sessions',
    says: 'rate slowed 15m',
    cure: cures.connections,
    yes: '421 too many sessions from 192.0.2.9. AUP#CXCNCT',
    no: '554 5.7.1 refused. AUP#CDRBL',
  },
  {
    id: 'cox/rate',
    words: 'cxmxrt | aup#rate | aup#mxrt | aup#limit',
    says: 'rate slowed 1h',
    cure: cures.slower,
    yes: '452 too much mail. AUP#CXMXRT',
    no: '554 5.7.1 refused. AUP#CDRBL',
  },
  {
    id: 'cox/content',
    words: 'urlbl | aup#url | aup#cnt | aup#cxsp | aup#spam | aup#uribl | aup#cmae',
    says: 'content blocked until-fixed',
    cure: cures.content,
    yes: '552 5.2.0 message refused. AUP#URLBL',
    no: '554 5.7.1 refused. AUP#CDRBL',
  },
  {
    id: 'spectrum/address',
    words: 'aup#1000 | aup#1200 | aup#1210 | aup#1220 | aup#1230 | aup#1240 | aup#1250 | aup#in-1',
    says: 'our-ip blocked 24h',
    cure: cures.stopSource,
    link: 'https://www.spectrum.net/support/internet/understanding-email-error-codes',
    yes: '554 5.7.1 refused. AUP#1240',
    no: '554 5.7.1 refused. AUP#1310',
  },
  {
    id: 'spectrum/no-ptr',
    words: 'aup#110 | aup#111 | aup#112 | aup#113 | aup#114 | aup#115',
    says: 'our-ip blocked until-fixed',
    cure: cures.ptr,
    link: 'https://www.spectrum.net/support/internet/understanding-email-error-codes',
    yes: '554 5.7.1 refused. AUP#1120',
    no: '554 5.7.1 refused. AUP#1240',
  },
  {
    id: 'spectrum/no-ipv6',
    words: 'aup#1260',
    says: 'our-ip blocked until-fixed',
    cure:
      'They take no mail over IPv6. Send to them through a transport with inet_protocols=ipv4: ' +
      'docs/providers.md.',
    link: 'https://www.spectrum.net/support/internet/understanding-email-error-codes',
    yes: '554 5.7.1 refused. AUP#1260',
    no: '554 5.7.1 refused. AUP#1240',
  },
  {
    id: 'spectrum/connections',
    words: 'aup#130 | aup#131 | aup#132 | aup#133 | aup#134',
    says: 'rate slowed 15m',
    cure: cures.connections,
    link: 'https://www.spectrum.net/support/internet/understanding-email-error-codes',
    yes: '421 4.7.1 refused. AUP#1310',
    no: '421 4.7.1 refused. AUP#1360',
  },
  {
    id: 'spectrum/rate',
    words: 'aup#135 | aup#136 | aup#137 | aup#138 | aup#139 | aup#14',
    says: 'rate slowed 1h',
    cure: cures.slower,
    link: 'https://www.spectrum.net/support/internet/understanding-email-error-codes',
    yes: '421 4.7.1 refused. AUP#1410',
    no: '421 4.7.1 refused. AUP#1310',
  },
]);

const others = { source: 'replies of these sites, 2012 to 2026', verified: '2026-11-28' } as const;

const accessRules: readonly ReplyRule[] = rulesOf(others, [
  {
    id: 'att/no-ptr',
    from: ['att'],
    words: 'flph | fix reverse dns | valid sender domain',
    without: 'blocked',
    says: 'our-ip blocked until-fixed',
    cure: cures.ptr,
    yes:
      '550 5.7.1 Connections not accepted from servers without a valid sender domain.flph82 ' +
      'Fix reverse DNS for 192.0.2.9',
    no:
      '553 5.3.0 flpi1 DNSBL:RBL 521< 192.0.2.9 >_is_blocked. Forward this error to the ' +
      'abuse desk',
  },
  {
    id: 'att/blocked',
    from: ['att'],
    words: '_is_blocked | dnsbl:rbl | dnsbl:att | abuse_rbl',
    says: 'our-ip blocked 24h',
    cure: 'Stop the source of spam. Then write to abuse_rbl@abuse-att.net with this reply.',
    yes: '553 5.3.0 flpi1 DNSBL:RBL 521< 192.0.2.9 >_is_blocked.For assistance forward this error',
    no:
      '550 5.7.1 Connections not accepted from servers without a valid sender domain. Fix ' +
      'reverse DNS',
  },
  {
    id: 'earthlink/blocked',
    from: ['earthlink'],
    words: 'blocked by earthlink | earthlink.net/block',
    says: 'our-ip blocked 24h',
    cure: 'Stop the source of spam. Then use the block page of EarthLink with this address.',
    link: 'https://earthlink.net/block',
    yes: '550 IP 192.0.2.9 is blocked by EarthLink. Go to earthlink.net/block for details.',
    no: '550 5.1.1 ann@earthlink.net...User unknown',
  },
  {
    id: 'verizon/content',
    from: ['verizon'],
    words: 'message * refused | content',
    codes: '5',
    says: 'content blocked until-fixed',
    cure: cures.content,
    yes: '550 5.7.1 message content refused',
    no: '550 5.1.1 User unknown',
  },
  {
    id: 'facebook/recipient-preferences',
    from: ['facebook'],
    words: 'rcp-p2 | rcp-p4 | rcp-p5 | recipient preferences | preferences',
    says: 'policy-of-recipient permanent-for-this-recipient never',
    cure: cures.recipientsRule,
    yes:
      '550 5.1.1 RCP-P2 http://postmaster.facebook.com/response_codes?ip=192.0.2.9#rcp ' +
      'Refused due to recipient preferences',
    no: '550 5.1.1 RCP-P1 Invalid recipient',
  },
  {
    id: 'facebook/unknown',
    from: ['facebook'],
    words: 'rcp-p1 | rcp-p3 | int-p3 | no such recipient',
    says: 'recipient permanent-for-this-recipient never',
    cure: cures.noMailbox,
    yes:
      '550 5.1.1 RCP-P1 http://postmaster.facebook.com/response_codes?ip=192.0.2.9#rcp ' +
      'Unknown recipient',
    no: '554 5.7.1 POL-P4 http://postmaster.facebook.com/response_codes Message refused',
  },
  {
    id: 'facebook/content',
    from: ['facebook'],
    words: 'pol-p4 | pol-p5 | pol-p6 | pol-p7 | url-p | msg-p | con-p2',
    says: 'content blocked until-fixed',
    cure: cures.content,
    yes: '554 5.7.1 POL-P6 http://postmaster.facebook.com/response_codes Message refused',
    no: '550 5.1.1 RCP-P1 Unknown recipient',
  },
  {
    id: 'facebook/rate',
    from: ['facebook'],
    words: 'con-t | pol-t | rcp-t | int-t',
    says: 'rate slowed 1h',
    cure: cures.slower,
    yes: '421 4.7.0 POL-T1 http://postmaster.facebook.com/response_codes Too much mail',
    no: '554 5.7.1 POL-P6 Message refused',
  },
]);

export const americanRules: readonly ReplyRule[] = [
  ...[...appleRules, ...comcastRules, ...coxRules, ...accessRules],
];
