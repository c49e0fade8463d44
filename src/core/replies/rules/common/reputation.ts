/** What any server says of our mail when it refuses it as spam, by policy, or by our address. */
import { cures } from '../../cures.ts';
import { type ReplyRule, rulesOf } from '../../rule.ts';

const group = {
  link: 'https://www.rfc-editor.org/rfc/rfc3463',
  source: 'replies of many sites, 2012 to 2026',
  verified: '2026-11-28',
} as const;

export const reputationRules: readonly ReplyRule[] = rulesOf(group, [
  {
    id: 'any/spam-or-virus-mark',
    words: `
      reject, id= * spam | rejected, id= | reject, id= | ~ube~ | ~spam~ | gtube | x-spam
      bare <lf> | bare linefeed | barelinefeed | bare newline | bare lf | line length exceeded
      maximum line length | purported responsible address | from domain mismatch | junkmail
      ~junk~`,
    codes: '5',
    without: `
      sending spam | ip address | your ip | client host | ~rbl | dnsbl | spam from this
      from your ip | for spam | of spam | spam source | ~reputation | recipient preferences`,
    says: 'content blocked until-fixed',
    cure: cures.content,
    yes: '554 5.7.0 Reject, id=20025-09 - SPAM',
    no: '554 5.7.1 Your IP address is blocked for spam',
  },
  {
    id: 'any/content-spam',
    words: `
      message content | content rejected | content reject | content denied | content blocked
      content filter | content violat | content is | spam content | spam message | spam detected
      spam score | spam mail | spam email | spam filter | spam check | spam probability
      spam rejected | spam- | spamassassin | spamminess | spamhammer | probability of spam
      probably spam | likely spam | considered spam | considered * spam | identified as spam
      identified * as spam | detected as spam | detected * spam | classified as spam
      classified * spam | flagged as spam | flagged * spam | marked as spam | looks like spam
      looks * spam | looked like spam | appears to be spam | appears * unsolicited
      suspected spam | suspected * spam | suspect spam | recognized as spam | recognised as spam
      rejected as spam | rejected as * spam | rejected * spam | rejected due to spam
      refused as spam | blocked as spam | blocked * spam | message * is spam | message is spam
      message was spam | message * spam | mail * spam | email * spam | this is spam
      seems to be spam | seems * spam | antispam | anti-spam | antyspam | systeme antispam
      contenu | comme spam | pourriel | als spam | spamverdacht | unerwunschte | como spam
      come spam | jako spam | spamu | antispamowy | correo no deseado | rampspost | junk mail
      junk email | bulk mail | bulk email | unsolicited | unwanted | phish | ~scam | ~fraud
      virus | malware | malicious | infected | trojan | executable | dangerous attachment
      attachment * not allowed | attachment * blocked | attachment type | banned file
      banned content | prohibited content | forbidden content | forbidden attachment
      illegal attachment | blocked attachment | blocked file | file type | file extension
      ~macro | bad header | invalid header | missing header | malformed | headers invalid
      header * missing | header * invalid | missing * header | no from | missing from
      missing date | missing message-id | duplicate header | header size | headers too large
      header too large | binary content | mail content | message filtered | pattern detection
      bulk.advertising | mass mailer | rfcmessagenoncompliant | line limit exceeded | from header
      from: header | header error | header * not | rfc 5322 | rfc5322 | rfc2822 | rfc 2822
      rfc822 | bare lf | bare newline | bare cr | line too long | lines longer | non-ascii
      8-bit | 8bit | ~mime | charset | character set | ~encoding | ~subject~ | suspicious
      undesirable | objectionable | message fingerprint | cloudmark
      message not accepted for policy reasons | not accepted for policy | message not allowed
      message rejected | message refused | message blocked | message denied | mail rejected by
      transaction failed | heuristic | listwash | ~url~`,
    without: `
      spam from this ip | spam from your ip | spams from your ip | spamming | spam source
      your ip | ip address | client host | sending spam | spammer | incident de spam | smtputf8
      recipient preferences | ~reputation`,
    says: 'content blocked until-fixed',
    cure: cures.content,
    yes: '550 5.7.1 The text of this message looks malicious',
    no: '550 5.7.1 Too much spam from this IP',
  },
  {
    id: 'any/policy-at-recipient',
    words: `
      denied by policy | rejected by policy | policy violation | local policy | policy reasons
      policy rejection | policy reject | blocked by policy | security policy | refused by policy
      policy restriction | administrative prohibition | due to policy | prohibited by policy
      against policy`,
    codes: '5',
    steps: 'rcpt',
    without: 'ip address | your ip | client host | ~reputation',
    says: 'policy-of-recipient permanent-for-this-recipient never',
    cure: cures.recipientsRule,
    yes: '550 Denied by policy',
    no:
      'host mx.example.net[203.0.113.9] said: 550 Denied by policy (in reply to end of DATA ' +
      'command)',
  },
  {
    id: 'any/policy-at-sender',
    words: `
      denied by policy | rejected by policy | policy violation | local policy | policy reasons
      policy rejection | policy reject | blocked by policy | security policy | refused by policy
      policy restriction | administrative prohibition | due to policy`,
    codes: '5',
    steps: 'mail',
    without: 'ip address | your ip | client host | ~reputation',
    says: 'our-domain blocked until-fixed',
    cure: cures.senderRefused,
    yes: '554 Mail from ann@example.org rejected for policy reasons.',
    no:
      'host mx.example.net[203.0.113.9] said: 554 Mail rejected for policy reasons. (in ' +
      'reply to end of DATA command)',
  },
  {
    id: 'any/policy-of-content',
    words: `
      denied by policy | rejected by policy | policy violation | local policy | policy reasons
      policy rejection | policy reject | blocked by policy | security policy | security policies
      refused by policy | policy restriction | administrative prohibition | due to policy
      content policy | content restriction`,
    codes: '5',
    steps: 'data',
    without: 'ip address | your ip | client host | ~reputation',
    says: 'content blocked until-fixed',
    cure: cures.content,
    yes: '550 5.7.0 Local Policy Violation',
    no: 'host mx.example.net[203.0.113.9] said: 550 Denied by policy (in reply to RCPT TO command)',
  },
  {
    id: 'any/address-refused',
    words: `
      spam from this ip | spam from your | spams from your | spam from this | spam source
      spamming | sending spam | spammer | spam host | incident de spam | ~reputation | your ip
      ip address | client host | client address | client ip | sending ip | sender ip | source ip
      ip is | ~ip blocked | ~ip * blocked | ~ip * banned | ~ip * rejected | ~ip * denied
      ~ip * refused | ~ip * not allowed | ~ip * not accepted | ~ip * not permitted | blocked ip~
      banned ip~ | bad ip~ | your server | your host | your mail server | your mailserver
      your mta | your email server | host rejected | host blocked | host denied | host refused
      host not allowed | host * not allowed | host * blocked | host * banned
      mail from * not allowed | mail from * refused | connections not accepted
      connection not allowed | connection refused | connection rejected | connection denied
      connection not accepted | connection blocked | banned sender | banned sending
      access denied | access to this mail system | access to submit messages | access not allowed
      blocked for abuse | blocked for spam | ~abuse | abus detecte | adresse ip | votre adresse
      votre serveur | ihre ip | ihr mailserver | ihr server | ip-adresse | open proxy
      listed as abus
      no access from mail server | smtp server of your isp | invalid ip for sending | sending mta
      block for spam | su direccion ip | su ip | indirizzo ip | il tuo ip | adres ip
      we do not accept mail from | not accept mail from | no smtp service | service refused
      service refuse | not welcome | go away | you are not allowed | you are not authorized
      you are not permitted | you are blocked | you are banned | you have been blocked
      you have been banned | has been blocked | is blocked | temporarily blocked
      temporarily rejected | temporarily banned | blocked - | blocked.`,
    without: 'recipient address rejected | recipient preferences',
    says: 'our-ip blocked 24h',
    cure: cures.stopSource,
    yes: '554 5.7.1 Too much spam from this IP, mail is refused',
    no: '554 5.7.1 This message was classified as spam',
  },
]);
