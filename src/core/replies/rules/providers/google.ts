/** What Google says: Gmail and Google Workspace. Its replies end with `- gsmtp`. */
import { cures } from '../../cures.ts';
import { type ReplyRule, rulesOf } from '../../rule.ts';

const group = {
  from: ['google'],
  link: 'https://support.google.com/mail/answer/81126',
  source: 'https://support.google.com/a/answer/3726730',
  verified: '2026-11-28',
} as const;

export const googleRules: readonly ReplyRule[] = rulesOf(group, [
  {
    id: 'google/administrators-rule',
    words: `
      - gcdp | violates * email policy
      user or domain that you are sending to (or from) has a policy
      domain has a policy that prohibited | recipient domain * not allow
      not accepted because of the recipient | group you tried to contact
      may not exist, or you may not have permission to post`,
    says: 'policy-of-recipient permanent-for-this-recipient never',
    cure: cures.recipientsRule,
    link: 'https://support.google.com/a/answer/172179',
    yes:
      '550 5.7.1 This message violates example.org email policy. - gcdp a1b2c3d4e5f6g7-8 - ' +
      'gsmtp',
    no: '550-5.7.1 [192.0.2.9] This message is likely unsolicited mail. - gsmtp',
  },
  {
    id: 'google/dns-of-sender-fails',
    words: 'temporary dns failure | dns failures prevent | transient dns',
    says: 'authentication transient 1h',
    cure: cures.ownDns,
    yes:
      "451-4.7.26 Unauthenticated email from example.org is not accepted due to domain's " +
      '451-4.7.26 DMARC policy, but temporary DNS failures prevent authentication. - gsmtp',
    no:
      "550-5.7.26 Unauthenticated email from example.org is not accepted due to domain's " +
      '550-5.7.26 DMARC policy. - gsmtp',
  },
  {
    id: 'google/slowed-no-tls',
    words: 'rate limited * tls | not using tls | not sent over a tls | tls connection',
    codes: '421 4.7.29 450 451',
    says: 'tls slowed until-fixed',
    cure: cures.tlsNeeded,
    yes:
      '421-4.7.29 This mail has been rate limited because it was not sent over a TLS ' +
      'connection. - gsmtp',
    no: '550-5.7.29 This mail was not sent over a TLS connection. - gsmtp',
  },
  {
    id: 'google/slowed-unauthenticated',
    words: `
      rate limited because it is unauthenticated | rate limited because * authenticat
      rate limited because * spf | rate limited because * dkim | rate limited because * dmarc
      rate limited because * align | rate limited due to * authenticat
      rate limited * did not pass | rate limited * not aligned | rate limited * did not * align`,
    codes: '4',
    says: 'authentication slowed until-fixed',
    cure: cures.authenticate,
    yes:
      '421-4.7.26 This mail has been rate limited because it is unauthenticated. Gmail ' +
      '421-4.7.26 requires all senders to authenticate with either SPF or DKIM. - gsmtp',
    no: '421-4.7.28 Gmail has detected an unusual rate of unsolicited mail. - gsmtp',
  },
  {
    id: 'google/needs-tls',
    words: 'not sent over a tls | tls required | must issue a starttls | requires a tls',
    codes: '5 5.7.29',
    says: 'tls blocked until-fixed',
    cure: cures.tlsNeeded,
    yes: '550-5.7.29 This mail was not sent over a TLS connection. Gmail requires it. - gsmtp',
    no:
      '421-4.7.29 This mail has been rate limited because it was not sent over a TLS ' +
      'connection. - gsmtp',
  },
  {
    id: 'google/no-ptr',
    words: `
      ptr record | ipv6 sending guidelines | guidelines regarding ptr | does not have a ptr
      missing ptr | reverse dns | ptr setup`,
    says: 'our-ip blocked until-fixed',
    cure: cures.ptr,
    link: 'https://support.google.com/mail/answer/81126#ip',
    yes:
      '550-5.7.1 [2001:db8::9] Our system has detected that this message does 550-5.7.1 not ' +
      'meet IPv6 sending guidelines regarding PTR records and authentication. - gsmtp',
    no: '550-5.7.26 This message does not pass authentication checks. - gsmtp',
  },
  {
    id: 'google/ip-reputation',
    words: `
      reputation of the sending ip | reputation of the sending netblock
      low reputation of the ip | suspicious due to the * reputation of * ip`,
    says: 'our-ip blocked 24h',
    cure: cures.stopSource,
    link: 'https://support.google.com/mail/answer/188131',
    yes:
      '550-5.7.1 [192.0.2.9 18] Our system has detected that this message is 550-5.7.1 ' +
      'likely suspicious due to the very low reputation of the sending IP 550-5.7.1 address. ' +
      '- gsmtp',
    no:
      '550-5.7.1 likely suspicious due to the very low reputation of the sending 550-5.7.1 ' +
      'domain. - gsmtp',
  },
  {
    id: 'google/domain-reputation',
    words: `
      reputation of the sending domain | low reputation of the domain
      reputation of the * domain`,
    says: 'our-domain blocked 24h',
    cure: cures.domainReputation,
    link: 'https://support.google.com/mail/answer/188131',
    yes:
      '421-4.7.0 likely suspicious due to the very low reputation of the sending 421-4.7.0 ' +
      'domain. - gsmtp',
    no:
      '421-4.7.0 likely suspicious due to the very low reputation of the sending IP ' +
      '421-4.7.0 address. - gsmtp',
  },
  {
    id: 'google/loop',
    words: 'same message-id | mail loop | loop detected | identical message-id',
    says: 'rate slowed 1h',
    cure: cures.loop,
    yes: '421-4.7.28 Gmail has detected an unusual rate of mail with the same Message-ID. - gsmtp',
    no: '421-4.7.28 Gmail has detected an unusual rate of mail from your IP address. - gsmtp',
  },
  {
    id: 'google/rate-slowed',
    words: `
      unusual rate of | unusual amount of | has been temporarily rate limited
      temporarily * rate limited | rate limited | sending rate | too many messages
      too much mail`,
    codes: '4',
    without: 'receiving mail at a rate | receiving mail too quickly',
    says: 'rate slowed 1h',
    cure: cures.slower,
    yes:
      '421-4.7.28 Gmail has detected an unusual rate of mail originating from your SPF ' +
      '421-4.7.28 domain example.org. - gsmtp',
    no:
      '550-5.7.28 Gmail has detected an unusual rate of mail originating from your IP ' +
      'address. - gsmtp',
  },
  {
    id: 'google/rate-blocked',
    words: 'unusual rate of | unusual amount of | rate limited',
    codes: '5',
    says: 'rate blocked 4h',
    cure: cures.stopSource,
    yes:
      '550-5.7.28 Gmail has detected an unusual rate of unsolicited mail originating ' +
      '550-5.7.28 from your IP address. It has been blocked. - gsmtp',
    no: '421-4.7.28 Gmail has detected an unusual rate of mail. - gsmtp',
  },
  {
    id: 'google/workspace-limit',
    words: `
      daily * sending quota exceeded | sending quota exceeded | daily user sending
      daily sending quota | smtp relay * limit | smtp relay quota | daily smtp relay
      daily * limit exceeded`,
    says: 'rate slowed 24h',
    cure: cures.slower,
    link: 'https://support.google.com/a/answer/166852',
    yes: '550 5.4.5 Daily SMTP relay sending limit exceeded for customer. - gsmtp',
    no: '452 4.2.2 The email account that you tried to reach is over quota. - gsmtp',
  },
  {
    id: 'google/relay-refused',
    words: `
      invalid credentials for relay | mail relay denied | relay denied | authentication required
      username and password not accepted | please log in`,
    says: 'authentication blocked until-fixed',
    cure: cures.smarthost,
    link: 'https://support.google.com/a/answer/6140680',
    yes: '550 5.7.1 Invalid credentials for relay [192.0.2.9]. - gsmtp',
    no: '550-5.1.1 The email account that you tried to reach does not exist. - gsmtp',
  },
  {
    id: 'google/dynamic-address',
    words: `
      not authorized to send email directly | isp * mail relay | not authorized to send`,
    without: 'spf',
    says: 'our-ip blocked until-fixed',
    cure: cures.dynamic,
    link: 'https://support.google.com/mail/answer/10336',
    yes:
      "550-5.7.1 The IP you're using to send mail is not authorized to send email directly " +
      'to our servers. - gsmtp',
    no: '550-5.7.26 This mail has been blocked because the sender is unauthenticated. - gsmtp',
  },
  {
    id: 'google/spf-fails',
    words: `
      spf policy | did not pass * spf -all | spf hard | hardfail | spf * did not pass
      spf record`,
    codes: '5 4',
    without: 'dkim',
    says: 'authentication blocked until-fixed',
    cure: cures.spf,
    yes:
      '550-5.7.26 The MAIL FROM domain [example.org] has an SPF record with a hard ' +
      '550-5.7.26 fail policy (-all) but it fails to pass SPF checks. - gsmtp',
    no: "550-5.7.26 Unauthenticated email is not accepted due to domain's DMARC policy. - gsmtp",
  },
  {
    id: 'google/unauthenticated',
    words: `
      unauthenticated | dmarc policy | authentication checks | does not pass authentication
      authentication information | sender domain * dkim | dkim check | requires all senders
      not authenticated | aligned | alignment | dmarc | failed authentication`,
    says: 'authentication blocked until-fixed',
    cure: cures.authenticate,
    link: 'https://support.google.com/mail/answer/81126#authentication',
    yes: '550-5.7.26 This mail has been blocked because the sender is unauthenticated. - gsmtp',
    no: '550-5.7.25 The IP address sending this message does not have a PTR record. - gsmtp',
  },
  {
    id: 'google/attachment',
    words: `
      potential security issue | its content presents a potential | file type
      attachment * blocked | virus | illegal attachment | invalid attachment`,
    says: 'content blocked until-fixed',
    cure: cures.virus,
    link: 'https://support.google.com/mail/?p=BlockedMessage',
    yes:
      '552-5.7.0 This message was blocked because its content presents a potential 552-5.7.0 ' +
      'security issue. - gsmtp',
    no: "552-5.2.2 The recipient's inbox is out of storage space. - gsmtp",
  },
  {
    id: 'google/headers',
    words: `
      addresses in from: header | addresses in from header | multiple * from | rfc 5322
      message-id header | missing a valid messageid | duplicate header | header * missing
      no from header | from: header | not rfc`,
    says: 'content blocked until-fixed',
    cure: cures.headers,
    link: 'https://support.google.com/mail/?p=RfcMessageNonCompliant',
    yes:
      '550-5.7.1 [192.0.2.9] Messages missing a valid Message-ID header are not 550 5.7.1 ' +
      'accepted. - gsmtp',
    no: '550-5.7.26 This mail has been blocked because the sender is unauthenticated. - gsmtp',
  },
  {
    id: 'google/unsolicited',
    words: `
      likely unsolicited | nature of the content | content or the links | is suspicious
      likely suspicious | blocked using * spam | message is spam | spam message | phishing
      unsolicited`,
    says: 'content blocked until-fixed',
    cure: cures.content,
    link: 'https://support.google.com/mail/?p=UnsolicitedMessageError',
    yes:
      '550-5.7.1 [192.0.2.9 12] Our system has detected that this message is 550-5.7.1 ' +
      'likely unsolicited mail. - gsmtp',
    no: '550-5.7.1 likely suspicious due to the very low reputation of the sending IP. - gsmtp',
  },
  {
    id: 'google/authentication-codes',
    codes: '5.7.24 5.7.26 5.7.27 5.7.30 5.7.31 5.7.32 5.7.40',
    says: 'authentication blocked until-fixed',
    cure: cures.authenticate,
    link: 'https://support.google.com/mail/answer/81126#authentication',
    yes: '550 5.7.30 For more information, go to the guidelines. - gsmtp',
    no: '550 5.7.1 For more information, go to the guidelines. - gsmtp',
  },
  {
    id: 'google/authentication-codes-slowed',
    codes: '4.7.24 4.7.26 4.7.27 4.7.30 4.7.31 4.7.32 4.7.40',
    says: 'authentication slowed until-fixed',
    cure: cures.authenticate,
    link: 'https://support.google.com/mail/answer/81126#authentication',
    yes: '421 4.7.30 For more information, go to the guidelines. - gsmtp',
    no: '421 4.7.0 For more information, go to the guidelines. - gsmtp',
  },
  {
    id: 'google/ptr-codes',
    codes: '4.7.23 4.7.25 5.7.23 5.7.25',
    says: 'our-ip blocked until-fixed',
    cure: cures.ptr,
    yes: '550 5.7.25 For more information, go to the guidelines. - gsmtp',
    no: '550 5.7.26 For more information, go to the guidelines. - gsmtp',
  },
  {
    id: 'google/rate-codes',
    codes: '4.7.28',
    says: 'rate slowed 1h',
    cure: cures.slower,
    yes: '421 4.7.28 For more information, go to the guidelines. - gsmtp',
    no: '421 4.7.26 For more information, go to the guidelines. - gsmtp',
  },
  {
    id: 'google/busy-mailbox-refused',
    words: 'receiving mail at a rate | receiving mail too quickly',
    codes: '5',
    says: 'recipient transient 4h',
    cure: cures.busyMailbox,
    link: 'https://support.google.com/mail/?p=ReceivingRatePerm',
    yes:
      '550-5.2.1 The user you are trying to contact is receiving mail at a rate that ' +
      '550-5.2.1 prevents additional messages from being delivered. - gsmtp',
    no:
      '450-4.2.1 The user you are trying to contact is receiving mail at a rate that is too ' +
      'high. - gsmtp',
  },
  {
    id: 'google/full-and-inactive',
    words: 'out of storage space and inactive',
    codes: '5',
    says: 'recipient permanent-for-this-recipient never',
    cure: cures.closedMailbox,
    link: 'https://support.google.com/mail/?p=OverQuotaPerm',
    yes: "552-5.2.2 The recipient's inbox is out of storage space and inactive. - gsmtp",
    no: "552-5.2.2 The recipient's inbox is out of storage space. - gsmtp",
  },
  {
    id: 'google/busy-mailbox',
    words: 'receiving mail at a rate | receiving mail too quickly | receiving * too quickly',
    says: 'recipient transient 1h',
    cure: cures.busyMailbox,
    link: 'https://support.google.com/mail/?p=ReceivingRate',
    yes:
      '450-4.2.1 The user you are trying to contact is receiving mail at a rate that ' +
      '450-4.2.1 prevents additional messages from being delivered. - gsmtp',
    no: "452-4.2.2 The recipient's inbox is out of storage space. - gsmtp",
  },
  {
    id: 'google/try-later',
    words: `
      try again later, closing connection | ip not in whitelist | closing connection. (
      try again later * closing`,
    says: 'rate slowed 1h',
    cure:
      'Open fewer connections and try again later. If it goes on, check the name in HELO and ' +
      'the address.',
    link: 'https://support.google.com/a/answer/3221692',
    yes: '421 4.7.0 Try again later, closing connection. (EHLO) a1b2c3 - gsmtp',
    no: '451 4.3.0 Mail server temporarily rejected message. - gsmtp',
  },
  {
    id: 'google/own-fault',
    words: `
      temporarily rejected message | temporary system problem | service temporarily unavailable
      temporary failure | server busy | timeout - closing connection | internal error`,
    says: 'their-fault transient 15m',
    cure: cures.none,
    yes: '421 4.3.0 Temporary System Problem. Try again later (10). a1b2c3 - gsmtp',
    no: '421 4.7.0 Try again later, closing connection. - gsmtp',
  },
]);
