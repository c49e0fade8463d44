/** What any server says of first contact, size, encryption, and its own condition. */
import { cures } from '../../cures.ts';
import { type ReplyRule, rulesOf } from '../../rule.ts';

const group = {
  link: 'https://www.rfc-editor.org/rfc/rfc3463',
  source: 'replies of many sites, 2012 to 2026',
  verified: '2026-11-28',
} as const;

export const greylistRules: readonly ReplyRule[] = rulesOf(group, [
  {
    id: 'any/greylisted-long',
    words: `
      greylisted for 15 min | greylisted for 20 min | greylisted for 30 min
      greylisted for 60 min | greylist * 15 min | greylist * 20 min | greylist * 30 min
      greylist * 900 sec | greylist * 1200 sec | greylist * 1800 sec`,
    says: 'greylist transient 15m',
    cure: cures.greylist,
    link: 'https://www.rfc-editor.org/rfc/rfc6647',
    yes: '450 4.7.1 <ann@example.net>: Recipient address rejected: Greylisted for 20 minutes',
    no: '450 4.7.1 <ann@example.net>: Recipient address rejected: Greylisted for 5 minutes',
  },
  {
    id: 'any/postscreen',
    words: '450 4.3.2 service currently unavailable | service currently unavailable',
    codes: '450',
    without: 'maintenance',
    says: 'greylist transient 5m',
    cure: cures.greylist,
    link: 'https://www.postfix.org/POSTSCREEN_README.html',
    yes: '450 4.3.2 Service currently unavailable',
    no: '451 4.3.2 Service currently unavailable',
  },
  {
    id: 'any/greylisted',
    words: `
      greylist | graylist | grey list | grey-list | gray-list | gray list | greylisting
      grauliste | liste grise | postgrey | temporarily deferred * first time
      first time * try again | first contact | not yet authorized to deliver
      not yet authorised to deliver | try again in * seconds | triplet_new | first time sender
      policy delay | delayed for first contact | ~triplet | ~gl - | postscreen deep
      deep protocol tests | service currently unavailable (postscreen | retry in * seconds
      please retry in * minutes | come back in * minutes | come back in * seconds
      wait * seconds | please retry again later * triplet | delayed by * policy
      deferred for * seconds | sqlgrey | spamd * try again | tempfailed for * unknown triplet
      new sender | unknown sender host | hello, new`,
    codes: '4 5.7.1 5.5.0 5',
    without: 'too many | rate limit | ratelimit | limit exceeded | connections',
    says: 'greylist transient 5m',
    cure: cures.greylist,
    link: 'https://www.rfc-editor.org/rfc/rfc6647',
    yes:
      '450 4.2.0 <ann@example.net>: Recipient address rejected: Greylisted, see ' +
      'http://postgrey.example.net/help',
    no: '450 4.2.0 <ann@example.net>: Recipient address rejected: Mailbox busy',
  },
]);

export const sizeRules: readonly ReplyRule[] = rulesOf(group, [
  {
    id: 'any/loop',
    words: `
      too many hops | hop count | mail loop | loop detected | routing loop | mail loops back
      loops back to | looping | forwarding loop | loop count | loop was found | too many received
      maximum hop | message is looping | forwarding loop | loop count | loop was found`,
    says: 'their-fault permanent-for-this-recipient never',
    cure: cures.loop,
    yes: '554 5.4.6 Too many hops',
    no: '554 5.4.1 Recipient address rejected',
  },
  {
    id: 'any/too-big',
    words: `
      message size exceed | message * exceeds * size | message * exceeds * limit
      message * exceeds the maximum | message length exceeds | message too large
      message too big | message is too large | message is too big | message * too large
      message size * too large | size limit exceeded | size * exceeds * limit
      size * exceeds * maximum | size exceeds | exceeds size limit | exceeds the size limit
      exceeded the maximum * size | exceeds maximum message size | exceeds fixed maximum
      maximum message size | maximum allowed message size | message size limit
      inbound message size | message file too big | ~size limit | taille limite
      max message size | mail size limit | mail too big | mail too large | email too large
      e-mail too large | mail is too large | mail size * exceed | body too large
      attachment * too large | too much mail data | content * too large
      resolver.rst.sendsizelimit | resolver.rst.recipsizelimit | sizelimit
      taille * message * depasse | message * depasse la taille | message trop volumineux
      nachricht * zu gross
      nachricht zu gro | ist zu gro | zu gross | mensaje * demasiado grande
      messaggio troppo grande | messaggio * grande | wiadomosc * za duza | message has exceeded`,
    without: 'mailbox | quota | header | line too long | ~rate | recipient list',
    says: 'size permanent-for-this-recipient never',
    cure: cures.size,
    yes: '552 5.3.4 Message size exceeds fixed limit',
    no: '552 5.2.2 Mailbox size limit exceeded',
  },
]);

export const tlsRules: readonly ReplyRule[] = rulesOf(group, [
  {
    id: 'any/tls-needed',
    words: `
      must issue a starttls | starttls is mandatory | starttls * mandatory | mandatory tls
      starttls required | starttls is required | starttls command first | issue a starttls
      tls required | tls is required | tls encryption required | tls encryption is required
      requires tls | requires encryption | require tls | require encryption | encryption required
      encryption is required | encrypted connection | encrypted session
      session encryption is required | encryption too weak | tls version | tls 1.0 | tlsv1
      tls 1.2 | tls protocol | use tls | use starttls | using tls | without tls | over tls
      via tls | unencrypted | not encrypted | plaintext connection | plain text connection
      verschlusselung | unverschlusselt | chiffrement | cifrado | tls mandatory | tls only
      must use tls | enforce tls | enforced tls | insecure connection | secure connection
      secure channel`,
    without: 'tls not available | tls is not available | tls currently | listed',
    says: 'tls blocked until-fixed',
    cure: cures.tlsNeeded,
    link: 'https://www.postfix.org/TLS_README.html',
    yes: '530 5.7.0 Must issue a STARTTLS command first',
    no: '454 4.7.0 TLS not available due to local problem',
  },
  {
    id: 'any/tls-fails',
    words: `
      tls not available | tls is not available | tls currently | tls handshake | tls negotiation
      tls error | certificate`,
    says: 'tls transient 1h',
    cure: cures.tlsFailed,
    link: 'https://www.postfix.org/TLS_README.html',
    yes: '454 4.7.0 TLS not available due to local problem',
    no: '530 5.7.0 Must issue a STARTTLS command first',
  },
]);

export const theirFaultRules: readonly ReplyRule[] = rulesOf(group, [
  {
    id: 'any/their-disk',
    words: `
      insufficient system storage | insufficient disk | insufficient storage
      insufficient system resources | insufficient resources | insufficient queue | out of memory
      disk full | disk is full | no space left | not enough disk | write error | low disk space
      space shortage | file system full`,
    says: 'their-fault transient 1h',
    cure: cures.none,
    yes: '452 4.3.1 Insufficient system storage',
    no: '452 4.2.2 Mailbox full',
  },
  {
    id: 'any/their-fault-refused',
    words: `
      internal error | internal server error | internal system error | internal software error
      system config error | configuration error | configuration problem | server configuration
      temporary failure | temporary error | temporary problem | temporarily unavailable
      service currently unavailable | service is currently | service temporarily | lookup failure
      database error | system error | server error | i/o error | blame it on the weather
      mail server permanently rejected message | connection timed out | sequence of commands
      bad sequence | protocol violation | unable to open | cannot open | system call
      error while being processed | output file | retry time not reached | long failure period
      in the queue too long | not reachable | unreachable | queue for | multiple retries
      command died | procmail | maidrop | command failed | command output | mailer error
      mail system full | no mdb | name server | unable to resolve route | try again later
      not accepting connections | loops back | error in processing | local error
      unexpected error | unable to process | time out | timed out | cannot create | can't create
      dns query failed | delivery time * expired | message expired`,
    codes: '5',
    without: 'mailbox | your ip | ip address | dnsbl | listed | spam',
    says: 'their-fault transient 4h',
    cure: cures.none,
    yes: '550 5.3.5 Internal System Error',
    no: '550 5.1.1 User unknown',
  },
  {
    id: 'any/their-fault',
    words: `
      temporary lookup failure | temporary failure | temporary local problem
      temporary local error | temporary system | temporary error | temporary problem
      temporarily unable | temporarily unavailable | temporary server error
      temporarily not available | server error | server configuration | server is busy
      server busy | server too busy | too busy | system busy | system not available
      system resources | system not accepting network messages | system problem | system load
      load average | load too high | high load | overload | internal error
      internal server error | internal software error | internal queue | software error
      local error | local problem | local configuration | lookup fail | lookup error
      service unavailable | service not available | service currently unavailable
      service is unavailable | service temporarily | service shutting down | shutting down
      try again later | try later | please retry later | please try again | try again
      closing transmission channel | closing connection | connection dropped
      connection timed out | timed out | timeout | time out | error in processing
      processing error | requested action aborted | requested mail action not taken
      could not load | cannot connect | can not connect | could not connect | unable to connect
      unable to contact | unable to process | unable to accept | cannot process | cannot accept
      failed to connect | connection refused | no route to host | database error | ldap error
      sql error | maintenance | wartung | out of service | backend | queue * full | queue quota
      not ready | milter | clamav | clamd | scanner | scan error | resources temporarily
      resources exceeded | resources restricted | no resources | not enough resources | capacity
      dns error | dns failure | dns problem | dns lookup | name service error | name server
      misconfigur | configuration error | configuration problem | protocol error | bad sequence
      command unrecognized | command not recognized | unrecognized command | unrecognised command
      command not implemented | syntax error | sorry, i | unexpected error | unknown error
      error:`,
    codes: '4',
    says: 'their-fault transient 15m',
    cure: cures.none,
    yes: '451 4.3.0 Temporary problem, please try later',
    no: '550 5.1.1 User unknown',
  },
]);
