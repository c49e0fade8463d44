/** What any server says of our address, our domain, our authentication, and how much we send. */
import { cures } from '../../cures.ts';
import { type ReplyRule, rulesOf } from '../../rule.ts';

const group = {
  link: 'https://www.rfc-editor.org/rfc/rfc3463',
  source: 'replies of many sites, 2012 to 2026',
  verified: '2026-11-28',
} as const;

export const addressRules: readonly ReplyRule[] = rulesOf(group, [
  {
    id: 'any/no-ptr',
    words: `
      reverse dns | reverse-dns | reversedns | rdns | ptr record | ptr-record | ptr entry
      ptr resource record | ptr lookup | dns ptr | no ptr | missing ptr | valid ptr | invalid ptr
      without ptr | generic ptr | fcrdns | forward-confirmed | forward confirmed
      cannot find your hostname | cannot find your reverse hostname | cannot find your host name
      cannot resolve your hostname | could not find your hostname | unable to find your hostname
      unverified client host | unknown client host | does not resolve to your ip
      ip name lookup failed | ip lookup failed | name lookup failed for | fix reverse
      reverse lookup | reverse hostname | reverse host name | reverse name | reverse resolution
      client host rejected: cannot find | no dns name | dns resolution of your | in-addr.arpa
      possibly forged | may be forged | might be forged | dns forward | hostname does not match
      ip address has no | unresolvable * ip | ~ip * does not resolve | ~ip * not resolve
      host name lookup | hostname lookup | enregistrement ptr | dns inverse | risoluzione inversa
      dns inverso | dns reverso | resolucion inversa | odwrotn`,
    without: 'mailfrom | mail from domain | sender address | spf',
    says: 'our-ip blocked until-fixed',
    cure: cures.ptr,
    yes: '450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.9]',
    no: '554 5.7.1 Client host rejected: Access denied',
  },
  {
    id: 'any/dynamic-address',
    words: `
      dynamic ip | dynamic address | dynamic addresses | dynamic/ | dynamic host | dynamic pool
      dynamic range | dynamically | dial-up | dialup | dial up | ~residential | dynablock
      generic hostname | generic host name | generic reverse | generic dns | generic ip
      looks dynamic | looks like a dynamic | consumer ip | end user ip | end-user | broadband
      your isp's mail | isp mail server | isp's smtp | isp smtp | through your isp
      your isp * relay | smarthost | policy block list | adresse dynamique | dynamische ip
      ip dinamic`,
    without: 'content | domain',
    says: 'our-ip blocked until-fixed',
    cure: cures.dynamic,
    yes: '554 5.7.1 Mail from dynamic IP addresses is not accepted',
    no: '554 5.7.1 Mail from your IP address is not accepted',
  },
  {
    id: 'any/helo',
    words: `
      helo command rejected | ehlo command rejected | invalid helo | invalid ehlo | bad helo
      bad ehlo | invalid hostname | helo name | helo hostname | helo host | ehlo name | ehlo host
      helo/ehlo | ehlo/helo | helo * not | ehlo * not | helo * invalid | ehlo * invalid
      helo does | helo is | ehlo is | your helo | your ehlo | helo string | helo argument
      helo greeting | need fully-qualified hostname | helo check | helo rejected | forged helo
      helo verif | helo domain`,
    without: 'helo first | send helo | say helo | ehlo first',
    says: 'our-ip blocked until-fixed',
    cure: cures.helo,
    link: 'https://www.postfix.org/postconf.5.html#smtp_helo_name',
    yes: '550 5.7.1 <localhost>: Helo command rejected: need fully-qualified hostname',
    no: '503 5.5.1 Error: send HELO first',
  },
  {
    id: 'any/domain-of-sender-for-now',
    words: `
      sender address rejected: domain not found | domain of sender address * does not resolve
      sender domain not found | sender domain * temporarily | domain of sender * temporar
      sender address rejected: malformed dns | sender address rejected: unverified
      sender verify * defer | could not complete sender verify | temporar * sender`,
    codes: '4',
    without: 'spf | dmarc',
    says: 'our-domain blocked 1h',
    cure: cures.senderDomain,
    yes: '450 4.1.8 <ann@example.org>: Sender address rejected: Domain not found',
    no: '550 5.1.8 <ann@example.org>: Sender address rejected: Domain not found',
  },
  {
    id: 'any/unknown-at-mail-from',
    words: `
      invalid address | bad address | unknown address | user unknown | unknown user
      no such user | no such address | address does not exist | mailbox does not exist
      mailbox unavailable | domain does not exist | domain not found | unknown domain
      syntactically invalid`,
    codes: '5',
    steps: 'mail',
    without: 'your ip | ip address | client host',
    says: 'our-domain blocked until-fixed',
    cure: cures.senderDomain,
    yes: '501 5.1.7 Invalid address',
    no:
      'host mx.example.net[203.0.113.9] said: 550 5.1.1 User unknown (in reply to RCPT TO ' +
      'command)',
  },
  {
    id: 'any/envelope-sender-refused',
    words: `
      envelope sender has been denied | envelope sender is in my badmailfrom | badmailfrom
      envelope sender * denied | envelope sender * blocked | sender address has been blacklisted
      sender rejected | sender address rejected: blacklist | sender address rejected: blocked
      sender address * refused | sender denied | sender is blacklisted | sender blacklisted
      email address has been blacklisted | address that has been blacklisted | sender is in my
      sender was rejected | sender email address rejected | bogus mail from | null sender * not
      empty envelope sender | sender not pre-approved | unroutable sender | emetteur invalide
      batv | sender is blocked | sender blocked | sender has been blocked
      sender address blocked | sender address rejected: access denied | maybe you are a spammer`,
    codes: '5',
    without: 'by recipient | by the recipient | by user | spf | dmarc | domain not found',
    says: 'our-domain blocked until-fixed',
    cure:
      'They refuse this sender address or its domain. Stop its abuse, then ask their ' +
      'postmaster to accept it again.',
    yes: '553 sorry, your envelope sender has been denied (#5.7.1)',
    no: '553 sorry, your envelope sender domain must exist (#5.1.8)',
  },
  {
    id: 'any/domain-of-sender',
    words: `
      no a, aaaa, or mx | no a, aaaa or mx | has no a, aaaa | no mx or a record
      domain may not exist | sender domain resolve fail | domain of sender | sender domain must
      sender domain * not resolve | sender domain * not exist | sender domain * doesn't
      sender domain not found | sender domain does not | sender domain is not
      sender domain lookup | mx for sender | sender domain * dns | sender domain * mx
      domain of * does not resolve | sender address rejected: domain
      sender address rejected: malformed dns | sender address rejected: need fully
      sender address rejected: unverified | sender address rejected: undeliverable
      sender address rejected: user unknown | sender address rejected: unable
      sender verify failed | sender verification failed | sender verification error
      sender verify | verify sender | verify your sender | could not verify sender
      sender callout | callback verification | sender address verification
      unresolvable * from domain | unresolvable rfc.5321 | unresolvable domain
      mail from domain * resolve | mailfrom domain * resolve | from domain * not * resolve
      from domain * not exist | from address * domain | invalid sender domain
      invalid domain in * sender | unrouteable sender | sender address domain | sender * no mx
      no mx * sender | domain has no mx | domain * no mx or | mx record * sender
      dns error * sender | your domain * not resolve | your domain * not exist | your domain * mx
      sender unknown | sender is unknown | sender address is not | sender address does not exist
      invalid sender | bad sender | sender invalid | domaine * expediteur | expediteur invalide
      mittente * inesistente | absender * existiert nicht | absenderdomain | absenderadresse`,
    without: 'spf | dmarc | dkim | blacklist | listed | not allowed by recipient',
    says: 'our-domain blocked until-fixed',
    cure: cures.senderDomain,
    yes:
      '553 5.1.8 <root@web1.example.org>... Domain of sender address root@web1.example.org ' +
      'does not exist',
    no: '550 5.1.1 <ann@example.net>... User unknown',
  },
  {
    id: 'any/domain-reputation',
    words: `
      reputation of the sending domain | domain reputation | reputation of your domain
      reputation of the domain | domain has a poor | domain has a bad
      sending domain * reputation | sender domain * reputation | domain has been blocked
      domain is blocked | domain blocked | domain * banned | sender domain * blocked
      sender domain blocked | your domain is not allowed | newly registered domain | domain age
      domain frequency limited`,
    says: 'our-domain blocked 24h',
    cure: cures.domainReputation,
    yes: '550 5.7.1 Rejected because of the poor reputation of your domain',
    no: '550 5.7.1 Rejected because of the poor reputation of your IP',
  },
]);

export const authenticationRules: readonly ReplyRule[] = rulesOf(group, [
  {
    id: 'any/dmarc',
    words: 'dmarc',
    says: 'authentication blocked until-fixed',
    cure: cures.dmarc,
    link: 'https://www.rfc-editor.org/rfc/rfc9989',
    yes: '550 5.7.1 Rejected by the DMARC policy of example.org',
    no: '550 5.7.1 Rejected by policy',
  },
  {
    id: 'any/spf',
    words: `
      ~spf~ | spf fail | spf check | spf: | spf= | spf record | spf policy | spf valid | (spf
      spf) | spf- | spf error | sender policy framework | openspf | spf.
      not allowed to send mail from | not authorized to send * on behalf | not permitted sender
      designate * permitted sender | not designated | please see http://www.openspf`,
    says: 'authentication blocked until-fixed',
    cure: cures.spf,
    link: 'https://www.rfc-editor.org/rfc/rfc7208',
    yes: '550 5.7.23 Message rejected: SPF check failed for example.org',
    no: '550 5.7.1 Message rejected',
  },
  {
    id: 'any/dkim',
    words: 'dkim | domainkeys | bad signature',
    says: 'authentication blocked until-fixed',
    cure: cures.dkim,
    link: 'https://www.rfc-editor.org/rfc/rfc6376',
    yes: '550 5.7.20 No passing DKIM signature found',
    no: '550 5.7.23 SPF check failed',
  },
  {
    id: 'any/unauthenticated',
    words: `
      unauthenticated | sender is not authenticated | not authenticated | email authentication
      authentication checks | authentication failed | authentication failure
      authentication credentials | failed authentication | sender authentication
      authentication required | authentication is required | must authenticate
      requires authentication | require authentication | smtp auth | auth required
      login required | please authenticate | not logged in | invalid login | bad credentials
      invalid credentials | credentials invalid | email address is not verified | sender identity
      sender not verified | sender address * not verified | not a verified | unverified sender
      from address does not match | does not match a verified
      sender address rejected: not owned by | not owned by user | sending as this
      not allowed to send as | permissions to send as | sender * not authorized | pop before smtp
      pop-before-smtp
      check your mail before | spoof | forged sender | sender forged | sender faked | fake sender`,
    without: 'recipient | client host | senders only',
    says: 'authentication blocked until-fixed',
    cure: cures.authenticate,
    yes: '550 5.7.1 Unauthenticated senders are not allowed',
    no: '550 5.7.1 Only authenticated senders may write to this recipient',
  },
]);

export const rateRules: readonly ReplyRule[] = rulesOf(group, [
  {
    id: 'any/too-many-connections',
    words: `
      too many connections | too many concurrent | too many simultaneous
      too many open connections | too many parallel | too many sessions | too many smtp sessions
      connection limit | connection rate | connection frequency | connections exceeded
      connections from your | connections per | concurrent connection | concurrency limit
      simultaneous connections | maximum number of connections | maximum number of concurrent
      maximum connections
      max connections | number of connections | connecting too | trop de connexion
      zu viele verbindungen | demasiadas conexiones | troppe connessioni`,
    says: 'rate slowed 15m',
    cure: cures.connections,
    link: 'https://www.postfix.org/postconf.5.html#smtp_destination_concurrency_limit',
    yes: '421 4.7.0 mx1 Error: too many connections from 192.0.2.9',
    no: '421 4.7.0 mx1 Error: too many errors',
  },
  {
    id: 'any/rate',
    words: `
      rate limit | intrusion prevention | try again slower | daily message quota | ratelimit
      rate-limit | rate limited | rate exceeded | rate control | rate throttle | message rate
      submission rate | mail rate | sending rate | send rate | hourly limit | daily limit
      per hour | per day
      per minute | hourly sending | throttl | slow down | slow-down | sending too fast | too fast
      too quickly | too frequent | frequency limit | too much mail | too many mails
      too many emails | too many e-mails | too many messages | too many recipients
      too many rcpt | too many mail | too many requests | too many transactions | too many errors
      too many invalid | too many unknown | too many bad | too many failed | too many
      recipients exceeded | number of recipients | max recipients | maximum recipients
      maximum number of messages | messages per connection | message per connection
      message limit | messages limit | recipient limit | sending limit | limit exceeded
      exceeded limit | exceeded the limit | exceeded the maximum number | exceeded your
      limit has been | limit reached | over limit | ~volume | user complaints | unusual activity
      unusual sending | excessive | ~flood | quota for sending | sending quota | trop de messages
      trop de mail | debit * depasse | zu viele | demasiados | troppi messaggi | troppe mail
      limite * superad | limite * depass | zbyt wiele | te veel`,
    without: 'hops | recipient * rate | message size | mailbox | spams from | too much spam',
    says: 'rate slowed 1h',
    cure: cures.slower,
    link: 'https://www.postfix.org/postconf.5.html#default_destination_rate_delay',
    yes: '421 4.7.1 Sending rate exceeded, please slow down',
    no: '421 4.3.2 System not accepting network messages',
  },
]);
