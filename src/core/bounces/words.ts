/**
 * Words of mail servers by which a cause is known. The first rule that fits decides, so the most
 * certain words are first. Every repetition has a bound, so time is linear in the text.
 */
import type { BounceCause } from './cause.ts';

type WordRule = readonly [cause: BounceCause, words: RegExp];

const box =
  '(?:\\b(?:user|recipient|mail ?box|account|address|in ?box|customer|subscriber|person|alias|' +
  'addressee)\\b|¤)';
const gap = (most: number): string => `[^.;]{0,${most}}`;
const rule = (cause: BounceCause, ...forms: readonly string[]): WordRule => [
  cause,
  new RegExp(forms.join('|'), 'iu'),
];

/** Words that leave no doubt, wherever they stand. */
const certain: readonly WordRule[] = [
  rule('mailbox-full', 'mail ?box is (?:currently )?full'),
  rule('expired', 'connection refused\\b(?!.{1,80}(?:block|list|reputation|polic))'),
  rule(
    'rate',
    'throttl|daily (?:message |sending )?quota|sending (?:quota|rate)|trop de connexions',
  ),
  // In any language: the group is not there, or does not take mail of this sender.
  rule('policy', 'https?://groups\\.google\\.com'),
  rule('greylisted', 'gr[ae]y-? ?list', 'deferred for \\d{1,4} (?:second|minute)s?[^.]{0,20}first'),
  rule(
    'too-big',
    '(?:message|mail|attachment) (?:is |was |size is )?(?:too (?:big|large|long)|' +
      'larger than|oversized)',
    `(?:message|mail|attachment)(?:'s)? (?:size|length)${gap(40)}(?:exceed|limit|too)`,
    `exceed\\w{0,3} (?:the |our |your )?(?:[a-z]{1,12} ){0,3}(?:message|mail) ?size`,
    `exceed\\w{0,3} (?:the )?(?:maximum|fixed|size)(?: allowed)?(?: message| mail)? size`,
    'size (?:limit|exceeds)|too (?:big|large) (?:for|message)|max(?:imum)? message size',
    'larger than the (?:current )?(?:system )?(?:limit|maximum)|message too long',
  ),
  rule(
    'unauthenticated',
    'dmarc (?:policy|fail|check|reject|quarantine|record)',
    '(?:fail|reject|due to|because of)[^.]{0,40}\\bdmarc\\b',
    '\\bdmarc\\b[^.]{0,40}(?:fail|not|reject)',
    '\\b(?:spf|dkim|sender ?id)\\b[^.]{0,60}(?:fail|not pass|not aligned|did not|' +
      'mismatch|missing)',
    '(?:fail|reject)[^.]{0,30}\\b(?:spf|dkim|sender ?id)\\b',
    'unauthenticated (?:e-?mail|mail|sender)',
    '(?:does not have|without|lacks|no) authentication information',
    'purported responsible address',
  ),
  rule(
    'mailbox-full',
    '(?:mail ?box|in ?box) exceed|exceed\\w{0,3} (?:the )?mail ?box',
    `(?:mail ?box|in ?box|mail ?folder|mail ?drop|account|quota|user|recipient)${gap(50)}` +
      '(?:\\bfull\\b|exceeded|is over|over (?:its |the |their )?(?:quota|limit|storage)|' +
      'storage limit|no space)',
    'over[ -]?quota',
    'exceed\\w{0,4} (?:[a-z]{1,10} ){0,2}(?:disk |mail(?:box)? |storage )?quota',
    'quota[ -]?(?:is |has been |was )?(?:exceed|full|over|violation|limit)',
    'over the (?:maximum |allowed )?(?:quota|storage|disk)',
    '(?:disk|storage|mailbox)[ -](?:quota|allocation|space)?[^.]{0,30}(?:exceeded|' +
      '\\bfull\\b|over quota)',
    '(?:not enough|insufficient|no more|out of|no) (?:free )?(?:disk |mailbox |system |' +
      'available )?(?:storage|space|quota|room)(?: |$|[.,;:)])',
    'exceeded (?:the )?(?:maximum |allowed )?(?:[a-z]{1,12} )?(?:storage|quota|mailbox|' +
      'max\\. ?inbox)',
    'exceeded (?:his|its|their|your) (?:[a-z]{1,12} )?(?:limit|quota)',
    'too many messages in (?:the |this )?(?:mail ?box|in ?box|mail ?drop)',
    'message would exceed|mail ?(?:box|folder) (?:is )?full',
    'bo[iî]te[^.]{0,40}(?:pleine|satur)|postfach[^.]{0,40}voll',
    '(?:buz[oó]n|casilla)[^.]{0,20}llen[oa]|casella[^.]{0,20}piena|caixa[^.]{0,30}cheia',
    'skrzynka[^.]{0,40}(?:pełna|przepełniona)|容量|переполнен',
    'メールボックス[^。]{0,20}(?:一杯|いっぱい|満杯|超過)',
  ),
  rule(
    'relay-denied',
    'not configured to relay|(?:don.t|do not) handle mail for|specified domain is not allowed|' +
      'authentication when attempting to send to a non-local|as a relay|relaying mail to',
    'relay(?:ing)?(?: access| of mail| to| mail| from)?[^.]{0,20}(?:denied|' +
      'not (?:permitted|allowed|authorized)|prohibited|rejected|forbidden)',
    '(?:unable|not allowed|not permitted|not authorized|cannot|can.?t|do(?:es)? ?n[o.]?t|' +
      'no|refuse) (?:to )?relay',
    'unauthori[sz]ed relay|not an open relay',
    'allowed rcpthosts|not (?:in|one of) my (?:list of )?|not a gateway for',
    'insecure mail relay|domain isn.t in my list',
    'domain (?:is )?not (?:hosted|handled) here|not local; please try',
  ),
  rule(
    'rate',
    'too many (?:connections|concurrent|messages (?:from|in|per|to|sent)|mails|e-?mails|' +
      'recipients|errors|sessions|smtp|simultaneous|invalid)',
    '(?:rate|frequency|throughput)[ -]?limit',
    '(?:sending|message|connection|hourly|daily) (?:rate )?limit|frequency limited',
    'throttl',
    'limit[^.]{0,20}(?:per|in) (?:hour|minute|day)',
    'exceeded[^.]{0,40}(?:per (?:hour|day|minute|connection)|\\brate\\b)|unusual rate',
    '(?:sending|sent|receiving|coming|received)[^.]{0,30}too (?:fast|quickly|much mail|' +
      'frequent)',
    'mail at a rate|slow down|concurrent (?:connection|session)|connection limit',
    'max(?:imum)?[^.]{0,12} connections',
  ),
  rule(
    'spam-content',
    '\\bspam (?:refused|rejected|not accepted|list|probability|filtered)|(?:appears to be|' +
      'considered|classified as|due to|seems to be) (?:spam|unsolicited)|message (?:is )?filtered',
    '(?:black ?-?listed|blocked|listed|malicious|bad|suspicious|prohibited) (?:url|link|' +
      'uri|content|attachment|file)',
    '(?:url|link|uri)s?\\b[^.]{0,30}(?:black ?list|blocked|listed|malicious)|surbl',
    '\\buribl\\b|\\burbl\\b',
    `(?:message|mail|content|text|subject|attachment)${gap(60)}(?:is|as|like|contains?|` +
      `detected|considered|identified|classified|marked|scored?|be)${gap(30)}\\b(?:spam|` +
      'junk|unsolicited|bulk|virus|malware|phishing)\\b',
    '\\bspam (?:message|content|mail|detected|score|filter|signature|email)',
    'spam(?:my|ming)|spamassassin|mcspamsignature|looks? like spam',
    '\\b(?:- |: |as |reject\\w{0,3} )spam\\b|likely (?:unsolicited|spam)|high(?:ly)? spam',
    'antispam|anti-spam',
    'content (?:rejected|filter|restrict|policy|not accept|check|block|presents)',
    '(?:its|message|mail|due to|because of|for)(?: its)? content\\b',
    'virus (?:found|detected|infected|in )|(?:infected|malware|trojan|phishing)',
    'contain[^.]{0,40}(?:virus|banned|illegal|prohibited|disallowed|malware)',
    'banned (?:file|content|attachment|extension)',
    '(?:illegal|prohibited|unsafe|dangerous) (?:attachment|file)',
  ),
  rule(
    'blocked',
    'spams? from your ip|not allowed to connect|may not be (?:a )?mail exchanger|' +
      'unable to verify your hostname|(?:host|ip)/ptr|' +
      'not (?:accept|allow)\\w{0,3} connections? from',
    'blocked using|spamhaus|spamcop|barracudacentral|\\bsorbs\\b|\\bdnsbls?\\b',
    '\\brbls?\\b|banned (?:sending|sender) ip|(?:block|black|deny) ?-?list',
    '(?:client host|\\bips?\\b|ip[- ]address|ipv[46]|your (?:host|server|network|' +
      'mail ?server|system|isp|domain)|sending (?:ip|host|server|mta)|connecting (?:ip|' +
      `host)|connections?|remote (?:host|server)|hostname)${gap(60)}(?:\\bblock|denied|` +
      'refused|banned|reject|reputation|not accepted|not allowed|not authorized|' +
      'weren.t sent|unauthorized|dynamic|suspicious|mismatch|listed)',
    '(?:block\\w{0,3}|denied|refused|banned|rejected|reputation|mismatch\\w{0,3}|' +
      'not accepted|unwanted)[^.;]{0,40}(?:client ip|\\bip\\b|ip[- ]address|' +
      '\\[?\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3})',
    '\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\]?\\)?.{0,25}(?:\\bblock|denied|banned',
    'reputation|listed|weren.t sent|not allowed to|is not accepted)',
    'reverse (?:dns|name|lookup|hostname)',
    '(?:no|missing|invalid|bad|without|lacks?|valid) (?:a )?(?:ptr|rdns)|\\bptr\\b',
    '\\brdns\\b|cannot find your (?:reverse )?hostname|find your hostname',
    'helo[^.]{0,30}(?:reject|invalid|not|bad|require)|fcrdns',
    '(?:poor|bad|low) (?:sender |domain |ip )?reputation|reputation (?:of|score|is|too)',
    'dynamic(?:ally)? (?:ip|assigned|address)|dial-?up|residential|user complaints',
    '\\[tss?\\d\\d\\]|abuse[^.]{0,20}from your',
    '(?:^|\\s)5\\d\\d(?: 5\\.\\d\\.\\d)? (?:mail |message |e-?mail |you(?:r mail)? (?:is|' +
      'are) )?blocked\\b',
    'messages? from [[(]?\\d{1,3}\\.\\d|use the smtp server of your isp|bad (?:ip|host)',
    'sender (?:ip|host)[^.]{0,20}(?:reject|block)',
  ),
  rule(
    'policy',
    'sender (?:address |domain |e-?mail )?(?:¤ )?(?:was |is )?(?:rejected|denied|refused|' +
      'unknown|verify|verification|is not|does not|domain|not)',
    'unrout[e]?able sender|invalid sender|domain of sender|sender.s (?:address|domain)',
    'mail ?from[^.]{0,40}(?:reject|invalid|does not|denied)',
  ),
  rule('network', 'not found, try again|name lookup failure|temporary failure in name'),
  rule(
    'host-unknown',
    'domain must exist|unable to resolve|domain mentioned[^.]{0,40}unknown|unknown domain',
    '(?:^|' +
      '\\s)5\\d\\d (?:5\\.\\d\\.\\d )?(?:[a-z0-9-]{1,63}\\.){1,6}[a-z]{2,20} does not exist',
    'nxdomain',
    '(?:domain|host|host ?name|domain name)(?: name)? (?:¤ )?(?:\\S{1,80} )?(?:is |' +
      'was )?(?:unknown|not found|not known|invalid|does ?n[o.]?t exist|not exist|' +
      'could ?n[o.]?t be (?:found|resolved)|cannot be (?:found|resolved)|not (?:reachable|' +
      'resolve|valid))',
    'unknown (?:host|domain|mail ?host|destination)|no such (?:host|domain)',
    '(?:non-?existent|nonexistent) (?:domain|host)|bad destination (?:system|host)',
    '(?:invalid|illegal|bad) (?:domain|host)(?: name)?\\b',
    'unrout[e]?able (?:mail )?(?:address|domain)|host or domain name not found',
    'name or service not known|name server[^.]{0,40}no data known',
    'null mx|no (?:valid )?mx\\b|(?:mx|srv) record[^.]{0,30}indicat',
    '(?:domain|host)\\b[^.]{0,80}(?:does not|doesn.t) (?:accept|' +
      'receive) (?:any )?(?:e-?mail|mail)',
    'no smtp service|could ?n.t find (?:a mail exchanger|any host)|couldn.t find any host',
    'could not find any host|cannot find[^.]{0,20}(?:domain|mx|mail exchange)',
    'no mail (?:exchange|server)s? (?:found|for)',
    'address (?:lookup|resolution) (?:for|failed)',
    'dns (?:lookup failure|server returned[^.]{0,30}(?:not exist|nxdomain))',
  ),
  rule(
    'recipient-disabled',
    `${box}${gap(50)}(?:disabled|inactive|suspended|locked|\\bclosed|not active|` +
      'deactivated|discontinued|has expired|terminated|frozen|abandoned|' +
      'no longer (?:active|in use|monitored|accept\\w{0,3})|turned off|not been used)',
    '(?:disabled|inactive|suspended|locked|closed|deactivated|discontinued|frozen|' +
      'expired) (?:user|recipient|mail ?box|account|address)',
    'extended inactivity|is not accepting (?:any )?(?:mail|messages)',
  ),
  rule(
    'recipient-unknown',
    '(?:unknown|no such|invalid|non-?existent|bad|unrecogni[sz]ed|not a (?:valid|known)|' +
      'wrong|illegal|undefined|incorrect) (?:local |virtual |destination |target |primary |' +
      `mail )?${box}(?![^.]{0,3}(?:ip|domain))`,
    `${box}${gap(60)}(?:\\bunknown|not (?:found|known|recogni[sz]ed|exist|valid|listed|` +
      'in (?:the |our )?(?:directory|list|database|local)|a valid|registered)|' +
      'do(?:es)? ?n[o.]?.?t exist|(?:was|is)n.t found|(?:could|can)n.?t be found|' +
      'could not be found|does not (?:exist|have)|doesn.t have|\\binvalid\\b|' +
      'no longer (?:exist|valid|here|on|with)|never existed|no such(?! file)|' +
      'cannot be found|has been (?:removed|deleted)|is not a )',
    'no recipient in this|user unknown|unknown (?:user|recipient|or illegal|alias|mailbox)',
    'no such (?:user|person|mailbox|recipient|account|address|id|customer)',
    '(?:here|there) is no (?:one|user|such|mailbox|account)',
    'no (?:mailbox|user) (?:here|by that|named|found)|not our customer',
    'mailbox name not allowed|addressee unknown|recipient name is not recognized',
    '¤:? (?:user unknown|undeliverable|access denied)|address possibly incorrect',
    'possibly incorrect|not in (?:the |our )?(?:address book|directory)|recipnotfound',
    'check if (?:the )?address is correct|no longer (?:with|at) (?:us|the|our)',
    '(?:to|this|that) (?:a )?group[^.]{0,60}may not exist',
    '(?:^|\\s)5\\d\\d(?: 5\\.\\d\\.\\d)? ¤ rejected',
    'unbekannt|existiert nicht|n.existe pas|inconnu|desconocid|sconosciut|non esiste',
    'no existe|nie istnieje|neexistuje|не существует|不存在|存在しない|存在しません|見つかりません|あて先不明|宛先不明',
  ),
  rule(
    'expired',
    'not been collected after|failing for a long time|not reachable within|' +
      'still awaiting delivery|has been delayed|did not respond|multiple retries',
    'retry time(?:out)? (?:not reached|exceeded)',
    '(?:queue|delivery|retry|message|envelope|mail|it)\\b[^.]{0,30}(?:expired|too long)',
    'time(?:d)?[- ]?out|cannot send (?:message|mail) (?:for|within)',
    'failed \\d{1,5} attempts|delivery failed \\d|not going to try again',
    '(?:aborted|undelivered|failed|unsuccessful)\\b[^.]{0,20} ?(?:after|' +
      'for) .{0,14}(?:hour|day|minute|attempt)',
    'not be (?:delivered|sent)[^.]{0,20}(?:for|in|after|within)[^.]{0,20}(?:hours?|days?|' +
      'minutes?)',
    '(?:could|did|was|been) ?(?:not|unable to|n.t)[^.]{0,20}(?:connect|' +
      'establish a? ?connection|accept our requests)',
    'unable to connect|connection (?:refused|failed|attempt)',
    'connect(?:ion)? (?:to [^ ]{1,100} )?(?:failed|was refused|refused)',
    'no (?:answer|response) from|not respond|socket error|retry count',
    '(?:exceeded|reached)[^.]{0,30}(?:retries|retry|attempts)|giving up after',
    'despite repeated',
  ),
  rule(
    'network',
    'lost connection|connection reset|(?:host|domain|name)[^.]{0,20} not found, try again',
    'mail (?:for|forward)[^.]{0,80}loop|loops? (?:back|detected|alert)|mail(?:ing)? loop',
    'routing loop|too many hops|hop count|hops exceeded',
    'network (?:is )?(?:unreachable|error|down)|no route to host',
    'connection (?:reset|closed|lost|broken|dropped)|broken pipe|name lookup failure',
    'temporary failure in name resolution|name service error|host name lookup',
    '(?:dns|domain name)[^.]{0,20}(?:query|error|fail|time)|starttls',
    'tls (?:handshake|required|not)|duplicated message-id',
  ),
];

/** Words that fit many replies: they count after the status code. */
const probable: readonly WordRule[] = [
  rule('mailbox-full', '\\bquota\\b|\\bfull\\b'),
  rule('spam-content', '\\bspam\\b|unsolicited|\\bjunk\\b|\\bvirus\\b'),
  rule('policy', '\\bheaders?\\b|\\bfrom: '),
  rule(
    'blocked',
    '\\bblocked\\b|black ?list|reputation|refused to talk to me',
    'after (?:ehlo|helo|initial connection)|in reply to (?:ehlo|helo)',
  ),
  rule('relay-denied', '\\brelay(?:ing)?\\b'),
  rule(
    'recipient-unknown',
    `${box}${gap(40)}(?:unavailable|not available|is not|isn.t|moved|changed|reject|` +
      'not allowed|not accept)',
    'no (?:valid )?recipients|cannot deliver to|not listed|no mailbox|does not exist',
    'unroutable|undeliverable address|may not exist',
  ),
  rule('unauthenticated', '\\b(?:dmarc|spf|dkim)\\b|authenticat'),
  rule(
    'policy',
    'polic|prohibit|not authori[sz]ed|unauthori[sz]ed|not permitted|permission',
    'access denied|forbidden|security|administrative|restrict|not allowed|preferences',
    'refus|reject|header|not accepted',
  ),
  rule('expired', 'expired|too long|no answer|unable to deliver within|try again later'),
  rule('network', 'unreachable|loop|connection|conversation|routing|\\btls\\b|\\bdns\\b'),
  rule(
    'system',
    'error|temporar|unavailable|not available|try(?:ing)? again|procmail|\\bpipe\\b',
    'command|exit|mailer|cannot (?:open|create|append|write|access)|couldn.t create',
    'resource|protocol|bad sequence|improper|syntax|transaction failed|failure|failed',
    '\\bdisk\\b',
  ),
];

/** What is read of a text. */
const textLengthMax = 1_500;

const addresses =
  /[<"'([]{0,2}[^\s<>"'()[\]:;,]{1,120}@[\p{L}\p{N}._-]{1,200}[>"')\]]{0,2}(?:\.\.\.)?/gu;
/** Of a link only the host says something: its path holds words of all kinds. */
const links = /(https?:\/\/[^\s/]{1,200})\S{0,400}/g;
/** Which server answered, as Postfix and Exim write before the reply. */
const frames = new RegExp(
  String.raw`(?:delivery temporarily suspended: )?(?:connect to |host )?[\w.-]{1,200} ?` +
    String.raw`\[[\da-f.:]{3,45}\](?::\d{1,5})?(?: said)?: (?:server )?`,
  'giu',
);
/** What Postfix and Amazon write before the reason. */
const prefixes =
  /recipient (?:address )?rejected: (?=\S)|[45]\.\d{1,3}\.\d{1,3} - [a-z ]{3,40} (?=[45]\d\d-)/giu;
/** Codes again at the beginning of each line of a reply. */
const again = / [245]\d\d[- ](?:#?[245]\.\d{1,3}\.\d{1,3}:? )?/g;

/** A text without what differs from one reply to the next: `¤` is an address. */
export function bareWords(text: string): string {
  return text
    .slice(0, textLengthMax)
    .replace(links, '$1')
    .replace(frames, '')
    .replace(prefixes, '')
    .replace(addresses, '¤')
    .replace(again, ' ')
    .replace(/\s{1,200}/g, ' ');
}

export function certainCause(words: string): BounceCause | undefined {
  return certain.find(([, form]) => form.test(words))?.[0];
}

export function probableCause(words: string): BounceCause | undefined {
  return probable.find(([, form]) => form.test(words))?.[0];
}
