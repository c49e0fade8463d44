/** Words of our own mail server, its filter and its mailboxes: no provider spoke. */
import { cures } from '../../cures.ts';
import { type ReplyRule, rulesOf } from '../../rule.ts';

const group = {
  from: ['own'],
  source: 'Postfix, src/smtp, src/global and src/local',
  verified: '2026-11-28',
  link: 'https://www.postfix.org/DEBUG_README.html',
} as const;

export const ownRules: readonly ReplyRule[] = rulesOf(group, [
  {
    id: 'own/no-route-ipv6',
    words: ']:25: network is unreachable | network is unreachable',
    says: 'network transient 5m',
    cure: cures.ipv6,
    yes: 'connect to mx.example.net[2001:db8::25]:25: Network is unreachable',
    no: 'connect to mx.example.net[203.0.113.9]:25: Connection timed out',
  },
  {
    id: 'own/tls-needed-and-missing',
    words: `
      tls is required, but | cannot start tls: handshake failure
      server certificate not verified | server certificate not trusted
      certificate verification failed | tls is not available | tlsa lookup error
      tlsa records unusable | no tlsa records | non dnssec destination | ssl_connect error
      tls handshake failed | sts policy | mta-sts`,
    says: 'tls transient 1h',
    cure: cures.tlsFailed,
    link: 'https://www.postfix.org/TLS_README.html',
    yes: 'TLS is required, but was not offered by host mx.example.net[203.0.113.9]',
    no: 'connect to mx.example.net[203.0.113.9]:25: Connection refused',
  },
  {
    id: 'own/smarthost-login',
    words: `
      sasl authentication failed | cannot authenticate to server | no worthy mechs found`,
    says: 'authentication blocked until-fixed',
    cure: cures.smarthost,
    link: 'https://www.postfix.org/SASL_README.html',
    yes: 'SASL authentication failed; server relay.example.net[203.0.113.9] said: 535 5.7.8 Error',
    no: 'lost connection with relay.example.net[203.0.113.9] while sending DATA command',
  },
  {
    id: 'own/null-mx',
    words: 'does not accept mail (nullmx) | nullmx | null mx',
    says: 'recipient permanent-for-this-recipient never',
    cure: cures.noMailbox,
    link: 'https://www.rfc-editor.org/rfc/rfc7505',
    yes: 'Domain example.net does not accept mail (nullMX)',
    no:
      'Host or domain name not found. Name service error for name=mx.example.net type=A: ' +
      'Host not found',
  },
  {
    id: 'own/no-such-domain',
    words: `
      host not found | host or domain name not found | nodename nor servname
      name or service not known | nxdomain | no relevant answers | domain name not found
      domain not found | no mx host for | unrouteable address | bad domain`,
    without: 'try again | sender address',
    says: 'network permanent-for-this-recipient never',
    cure: 'Correct the address: the DNS does not know its domain.',
    yes:
      'Host or domain name not found. Name service error for name=example.invalid type=AAAA: ' +
      'Host not found',
    no:
      'Host or domain name not found. Name service error for name=example.net type=MX: Host ' +
      'not found, try again',
  },
  {
    id: 'own/name-service',
    words: `
      name service error | host not found, try again | host or domain name not found
      temporary failure in name resolution | unable to look up host
      malformed or unexpected name server reply | unable to find primary relay | dns lookup`,
    says: 'network transient 1h',
    cure: cures.unreachable,
    yes:
      'Host or domain name not found. Name service error for name=example.net type=MX: Host ' +
      'not found, try again',
    no:
      'Host or domain name not found. Name service error for name=example.invalid type=A: ' +
      'Host not found',
  },
  {
    id: 'own/forwarding-loop',
    words: `
      mail forwarding loop for | too many hops | hop count exceeded | possible mail loop`,
    says: 'recipient permanent-for-this-recipient never',
    cure: cures.loop,
    yes: 'mail forwarding loop for ann@example.org',
    no: 'mail for example.org loops back to myself',
  },
  {
    id: 'own/loops-to-myself',
    words: 'loops back to myself | greeted me with my own hostname | mx host for * is myself',
    says: 'network permanent-for-this-recipient until-fixed',
    cure:
      'This server is the mail host of that domain and does not know it. List the domain in ' +
      'mydestination, virtual_mailbox_domains or relay_domains, or correct its MX.',
    yes: 'mail for shop.example.org loops back to myself',
    no: 'mail forwarding loop for ann@example.org',
  },
  {
    id: 'own/end-of-data-timed-out',
    words: `
      timed out while sending end of data
      while sending end of data -- message may be sent more than once`,
    says: 'network transient 1h',
    cure:
      'Postfix tries again; the recipient may get the message twice. If long messages fail ' +
      'often, look for a firewall or a path MTU fault.',
    yes:
      'conversation with mx.example.net[203.0.113.9] timed out while sending end of data -- ' +
      'message may be sent more than once',
    no: 'conversation with mx.example.net[203.0.113.9] timed out while sending RCPT TO',
  },
  {
    id: 'own/conversation-broke-off',
    words: `
      lost connection with | conversation with * timed out
      server dropped connection without sending | broken pipe | connection reset by peer
      timed out while | premature end-of-input | unexpected eof`,
    says: 'network transient 15m',
    cure: cures.unreachable,
    yes:
      'lost connection with mx.example.net[203.0.113.9] while receiving the initial server ' +
      'greeting',
    no: 'connect to mx.example.net[203.0.113.9]:25: Connection refused',
  },
  {
    id: 'own/no-connection',
    words: `
      connect to *: connection timed out | connect to *: connection refused
      connect to *: no route to host | connect to *:~ | connection timed out | connection refused
      no route to host | operation timed out | unreachable`,
    without: 'private/ | command output | connect to 127. | connect to localhost',
    says: 'network transient 15m',
    cure: cures.unreachable,
    yes: 'connect to mx.example.net[203.0.113.9]:25: Connection refused',
    no: 'connect to mx.example.net[private/dovecot-lmtp]: Connection refused',
  },
  {
    id: 'own/own-part-down',
    words: `
      connect to *private/ | connect to 127. | connect to localhost | address resolver failure
      mail system is down | mail transport unavailable | unknown mail transport error
      mail system configuration error | server configuration error | server configuration problem
      local configuration error | internal protocol error | temporary lookup failure
      alias database unavailable | cannot access alias | deferred transport | service unavailable
      insufficient system storage | queue file write error`,
    says: 'their-fault transient 15m',
    cure: cures.ownFilter,
    yes: 'mail transport unavailable',
    no: 'connect to mx.example.net[203.0.113.9]:25: Connection refused',
  },
  {
    id: 'own/message-too-big',
    words: `
      message size * exceeds size limit | message file too big | message too large
      exceeds size limit`,
    says: 'size permanent-for-this-recipient never',
    cure: cures.size,
    yes: 'message size 31457280 exceeds size limit 26214400 of server mx.example.net[203.0.113.9]',
    no: 'mailbox /var/mail/ann: cannot update mailbox: File too large',
  },
  {
    id: 'own/smtputf8',
    words: 'smtputf8 is required | does not support smtputf8',
    says: 'their-fault permanent-for-this-recipient never',
    cure: 'Their server takes no addresses or headers outside ASCII. Write them in ASCII.',
    link: 'https://www.postfix.org/SMTPUTF8_README.html',
    yes: 'SMTPUTF8 is required, but was not offered by host mx.example.net[203.0.113.9]',
    no: 'TLS is required, but was not offered by host mx.example.net[203.0.113.9]',
  },
  {
    id: 'own/mailbox-full',
    words: `
      quota exceeded | over quota | mailbox is full | disk quota exceeded | file too large
      mailbox full | exceeded * quota | maildir over`,
    says: 'recipient permanent-for-this-recipient 24h',
    cure: cures.ownMailbox,
    yes:
      'host mail.example.org[private/lmtp] said: 552 5.2.2 <ann@example.org> Quota exceeded ' +
      '(mailbox for user is full)',
    no: 'host mail.example.org[private/lmtp] said: 550 5.1.1 <ann@example.org> User does not exist',
  },
  {
    id: 'own/mailbox-unknown',
    words: `
      bad address syntax | invalid recipient syntax | unknown user | user unknown
      user doesn't exist | user does not exist | no such user | no such mailbox
      mailbox does not exist | unknown recipient | recipient address rejected
      unknown in * table`,
    says: 'recipient permanent-for-this-recipient never',
    cure: cures.noMailbox,
    yes: 'unknown user: "ann"',
    no: 'maildir delivery failed: create maildir file: Permission denied',
  },
  {
    id: 'own/filter-refused',
    words: 'spam | virus | infected | content rejected | banned | blocked by | malware',
    says: 'content blocked until-fixed',
    cure: cures.ownFilter,
    yes: 'Message rejected as spam',
    no: 'maildir delivery failed: create maildir file: Permission denied',
  },
  {
    id: 'own/delivery-here-failed',
    words: `
      delivery failed | permission denied | command died | command output | temporary failure
      mailbox * error | cannot update mailbox | unable to lock | time limit exceeded
      input/output error | no space left | internal error | unable to create`,
    says: 'their-fault transient 15m',
    cure: cures.ownMailbox,
    yes: 'maildir delivery failed: create maildir file Maildir/tmp/1: Permission denied',
    no: 'unknown user: "ann"',
  },
]);
