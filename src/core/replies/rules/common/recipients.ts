/** What any server says of the recipient: unknown, closed, full, busy, or a rule of the owner. */
import { cures } from '../../cures.ts';
import { type ReplyRule, rulesOf } from '../../rule.ts';

const group = {
  link: 'https://www.rfc-editor.org/rfc/rfc3463',
  source: 'replies of many sites, 2012 to 2026',
  verified: '2026-11-28',
} as const;

export const mailboxRules: readonly ReplyRule[] = rulesOf(group, [
  {
    id: 'any/mailbox-busy',
    words: `
      receiving mail too quickly | receiving mail at a rate | receiving * messages too
      recipient * receiving too | too many messages for this recipient
      too much mail for this recipient | recipient * rate limit | recipient has exceeded
      user has too many messages | mailbox busy | mailbox * ~locked
      recipient * too many messages | mailbox temporarily | mailbox is temporarily
      mailbox is busy | user temporarily unavailable | recipient temporarily unavailable`,
    says: 'recipient transient 1h',
    cure: cures.busyMailbox,
    yes: '450 4.2.1 The mailbox is receiving mail too quickly',
    no: '450 4.7.1 You are sending mail too quickly',
  },
  {
    id: 'any/mailbox-full-for-now',
    words: `
      over quota | overquota | quota exceeded | mailbox full | mailbox is full
      mailbox * is full | exceeded * quota | quota * exceeded | out of storage
      mailbox size limit | exceeded storage allocation | insufficient quota
      no space left in mailbox | inbox is full | account is full | boite pleine | buzon lleno
      casella * piena | postkast on tais | postkast * tais | speicherplatz * erschopft
      postfach * voll | postfach ist voll | mailbox quota | quota * full | user is over
      over the maximum allowed quota | not enough space in the mailbox`,
    codes: '4',
    without: 'queue quota | message quota',
    says: 'recipient transient 4h',
    cure: cures.fullMailbox,
    yes: '452 4.2.2 <ann@example.net> Mailbox is full',
    no: '452 4.3.1 Insufficient system storage',
  },
  {
    id: 'any/mailbox-full',
    words: `
      over quota | overquota | over-quota | quota exceed | quota violation | quota limit
      quota reached | out of quota | beyond * quota | exceeds * quota | exceeding * quota
      exceed * quota | exceeded * quota | quota * exceeded | disk quota | mailbox quota
      insufficient quota | mailbox full | mailbox is full | mailbox * full | mail box * full
      inbox * full | maildir * full | account is full | user * is full | is full *mailbox
      out of storage | exceeded storage | storage allocation | storage limit | storage * exceeded
      mailbox size limit | mailbox has exceeded | exceeded * mailbox | maximum per mailbox
      exceeds maximum per | mailbox * exceeded | not enough space | not enough storage
      no space * mailbox | no room in mailbox | insufficient * mailbox | too much mail in mailbox
      mailbox is over | user over quota | user is over | over the maximum | maximum storage
      maximum mailbox size | boite * pleine | boite * saturee | quota depasse | buzon * lleno
      buzon lleno | cuota * excedid | casella * piena | casella piena | caixa * cheia
      skrzynka * przepelniona | skrzynka * pelna | postkast on tais | postkast * tais
      speicherplatz * erschopft | postfach * voll | postfach ist voll | mailbox ist voll
      postfach * uberfullt | postfach * uberlauft | postfach * keinen speicherplatz
      postvak * vol | mailbox zit vol | inbox is over`,
    codes: '5 ',
    without: `
      queue quota | sending quota | message quota | message size | header size | message header`,
    says: 'recipient permanent-for-this-recipient 24h',
    cure: cures.fullMailbox,
    yes: '552 5.2.2 <ann@example.net>: the mailbox is over quota',
    no: '552 5.3.4 Message size exceeds fixed limit',
  },
  {
    id: 'any/mailbox-closed',
    words: `
      mailbox * blocked due to inactivity | mailbox is blocked | mailbox blocked
      mailbox has been blocked | mailbox * disabled | mailbox disabled | mailbox * inactive
      mailbox is not active | mailbox not active | mailbox * suspended | mailbox * deactivated
      mailbox * closed | mailbox * frozen | mailbox * archived | mailbox * expired
      account * disabled | account * inactive | account * suspended | account * deactivated
      account * closed | account * terminated | account * expired | account * deleted
      account * locked | account that you tried to reach is disabled | inactive account
      inactive email | inactive user | inactive recipient | inactive mailbox | inactive address
      disabled account | disabled user | disabled mailbox | disabled recipient
      suspended account | user * disabled | user disabled | user * inactive | user * suspended
      user * not active | user * deactivated | user * blocked | user is inactive
      recipient * disabled | recipient * inactive | recipient * suspended
      recipient rejected: inactive | rejected: inactive | recipient * deactivated
      recipient * archived | recipient is not active | address * disabled | address * inactive
      address * deactivated | address no longer accepts mail | no longer accepts mail
      no longer in use | no longer active | no longer valid | no longer available
      not accepting mail | not accepting email | not accepting messages | has been closed
      compte * desactive | compte * bloque | compte inactif | destinataire archivee
      boite * archivee | boite * desactive | konto * gesperrt | postfach * gesperrt
      postfach * deaktiviert | konto * deaktiviert | cuenta * desactivada | cuenta * suspendida
      cuenta inactiva | casella * disabilitata | utente disabilitato | utente disattivato
      conta * desativada | conta * inativa | konto * zablokowan | konto nieaktywne
      skrzynka * zablokowan | konto * nieaktywne | is abandoned | abandoned mailbox
      over inactive`,
    without: `
      sender address | your account | sender account | outgoing | sending account | ip address
      receiving limit | your email account | sender rejected | smtp relay
      no longer accepts mail from | not accepting mail from | not accepting mail with
      not accepting messages from | not accepting email from`,
    says: 'recipient permanent-for-this-recipient never',
    cure: cures.closedMailbox,
    yes: '550 5.2.1 <ann@example.net>: this mailbox has been disabled',
    no: '550 5.7.1 Sender rejected: your account has been disabled',
  },
  {
    id: 'any/recipients-rule',
    words: `
      recipient preferences | recipient refused | recipient has refused | receiver denied
      receiver has blocked | recipient has blocked | recipient * blocked your | user has blocked
      blocked by the recipient | blocked by recipient | blocked by user
      rejected by the recipient | rejected by recipient | rejected by user
      recipient * does not accept | recipient does not want | recipient only accepts
      recipient accepts mail only | recipient * not allowed to receive | recipient is not allowed
      not allowed to receive | not permitted to receive | not authorized to receive
      not allowed to send to this | not allowed to post | not allowed to send to
      blocked senders list | badrcptto | not permitted to send to this
      not authorized to send to this | sender not allowed by recipient
      sender * not on * allowed list | allowed sender | restricted recipient
      recipient restricted | delivery restriction | delivery restricted
      policy rejection on the target address | target address | rejected by * administrator
      prohibited by administrator | administratively prohibited | administratively denied
      administratively blocked | administrator * blocked | not accepted * administrator
      rejected by * custom | recipient's policy | recipient's domain policy
      recipient domain policy | local recipient policy | recipient policy | user-defined
      user defined | personal block | personal blacklist | blacklisted by * recipient
      recipient's blacklist | recipient's blocklist | recipient's block list | refuses to receive
      refuse to receive | refuses to accept your | user reject | user rules
      isn't on the recipient | list of senders to accept | only accepting mail from
      is not accepting any mail | account is protected by | badrecipientto | members-only
      closed mailing list | organizational settings | organization policy
      not subscribed to this group | envelope recipient has been denied
      recipient is not accepting mail with | members only | only * members | closed list
      post to this list | post to this group | moderated | not a member | only internal
      internal use only | internal senders | only authenticated | authenticated users only
      authenticated senders only | restricted to authenticated | resolver.rst. | transport.rules
      transport rule | empfanger darf keine | empfanger hat * blockiert | empfanger * abgelehnt
      empfanger nimmt keine | non abilitat
      posta non certificata | anti-spoofing | antispoofing | spoofed internal
      own domain from outside | block-send-er | requires confirmation | sender confirmation
      challenge-response | challenge/response | not whitelisted | whitelist only | custom reject
      block rule | blocked by rule | content filter rule`,
    without: 'ip address | spamhaus | dnsbl | ~rbl | client host | recipient verif | nullmx',
    says: 'policy-of-recipient permanent-for-this-recipient never',
    cure: cures.recipientsRule,
    yes: '550 5.7.1 Refused due to recipient preferences',
    no: "550 5.7.1 Client host blocked by recipient's list dnsbl.example",
  },
]);

export const relayRules: readonly ReplyRule[] = rulesOf(group, [
  {
    id: 'any/relaying-denied-for-now',
    words: `
      relay access denied | relaying denied | relay not permitted | relay not allowed
      unable to relay | relay denied | not permitted to relay | relaying not | do not relay
      authentication required to relay | relay * denied | relay * prohibited`,
    codes: '4',
    says: 'recipient transient 4h',
    cure: cures.relay,
    yes: '451 4.7.1 <ann@example.net>: Relay access denied',
    no: '554 5.7.1 <ann@example.net>: Relay access denied',
  },
  {
    id: 'any/relaying-denied',
    words: `
      relay access denied | relaying denied | relaying not allowed | relaying is not
      relay not permitted | relay not allowed | relay not authorized | relay is not permitted
      unable to relay | relay denied | relay prohibited | relaying prohibited
      relaying to * prohibited | relaying to * denied | cannot relay | not permitted to relay
      not allowed to relay | do not relay | does not relay | no relaying | not relay for
      attempt to relay | open relay | relay attempt | rcpthosts
      sorry, that domain isn't in my list of allowed | not a gateway | not our customer
      domain isn't allowed to be relayed | not hosted here | domain not hosted | not handled here
      not local | is not a local domain | unknown domain | no such domain | domain not served
      we do not * mail for | does not accept mail for | not authoritative | invalid relay
      must authenticate to relay | not configured to relay | don't handle mail for
      list of allowed rcpthost | relaying mail to | as a relay | relay mail | relaying denied`,
    without: `
      sender address | listed | invalid credentials | dnsbl | sender domain | domain of sender
      mail relay server`,
    says: 'recipient permanent-for-this-recipient never',
    cure: cures.relay,
    yes: '554 5.7.1 <ann@example.net>: Relay access denied',
    no: '554 5.7.1 Service unavailable; Client host [192.0.2.9] blocked using dnsbl.example',
  },
]);

export const unknownMailboxRules: readonly ReplyRule[] = rulesOf(group, [
  {
    id: 'any/address-check-open',
    words: `
      address verification in progress | unverified address | recipient verify in progress
      could not verify recipient | could not complete recipient verify | cannot verify recipient
      unable to verify recipient | recipient verification | callout`,
    codes: '4',
    without: 'sender address | sender verif',
    says: 'their-fault transient 15m',
    cure: cures.none,
    yes:
      '450 4.1.1 <ann@example.net>: Recipient address rejected: unverified address: Address ' +
      'verification in progress',
    no:
      '550 5.1.1 <ann@example.net>: Recipient address rejected: undeliverable address: User ' +
      'unknown',
  },
  {
    id: 'any/mailbox-unknown',
    words: `
      host unknown | unknown host | recipient domain must exist | domain does not exist
      host or domain name not found | no mx record | mail domain * unknown | address not present
      can't accept user | can't accept recipient | destination addresses were unknown
      destination server rejected recipients | mailbox not present | mailbox unavaiable
      no mail box available | recipient not ok | no one at this address | no one here by
      not in my validrcptto | mx for rcpt | user missing home | not found recipient
      recipient is not accepted
      recipient not accepted | recipient was not found | in name directory | non existent user
      user * unknown~ | ~no existe | nessun utente | archived recipient | user * terminated
      address rejected. | no such | does not accept mail | invalid domain name
      user not activated | account not activated | cannot deliver mail for
      that recipient is not | mailbox name not allowed | recipient unrecognized
      no longer on server | not on this server | postfach nicht vorhanden | adresse * inconnue
      cuenta * no existe | empfangeradresse existiert nicht | no such id | mail box * not
      virtual user | user unknown | unknown user | unknown account | unknown recipient
      unknown mailbox | unknown address | unknown local | unknown or illegal | unknown alias
      recipient unknown | recipient not found | recipient notfound | recipientnotfound
      recipient * does not exist | recipient * doesn't exist | recipient * not exist
      recipient is invalid | recipient invalid | recipient is unknown | recipient address not
      recipient address does not | recipient address rejected: access denied
      recipient address rejected: undeliverable | recipient address rejected: user
      recipient address rejected: unknown | recipient address rejected: address
      recipient address rejected: no such | recipient address rejected: invalid
      recipient verify failed | recipient verification failed | undeliverable address
      unverified address | no such user | no such recipient | no such mailbox | no such address
      no such account | no such local | no such person | no such email | no user | no mailbox
      no account | no recipient | no valid recipient | no valid users | no one by that name
      not a valid recipient | not a valid mailbox | not a valid user | not a valid address
      not a known user | not a known recipient | not our user | not a local user | not a user
      invalid recipient | invalid mailbox | invalid user | invalid address
      invalid email address | invalid account | recipient * invalid | address is invalid
      address invalid | address * marked as invalid | bad destination mailbox | bad recipient
      bad address | mailbox not found | mailbox unknown | mailbox unavailable
      mailbox is unavailable | mailbox * unavailable | mailbox does not exist
      mailbox * does not exist | mailbox doesn't exist | mailbox * doesn't exist
      mailbox not available | mailbox * not available | mailbox invalid | user not found
      user * not found | user does not exist | user * does not exist | user doesn't exist
      user * doesn't exist | user not exist | user not known | user not local | user is unknown
      user invalid | user unavailable | user doesn't have | doesn't have * account
      does not have * account | account not found | account * not found | account does not exist
      account * does not exist | account doesn't exist | account unavailable
      account is unavailable | account not exist | account * not exist | address unknown
      address not found | address does not exist | address * does not exist
      address doesn't exist | address * doesn't exist | address not exist | address error
      address couldn't be found | address lookup fail | addressee unknown
      can not find * mailbox | cannot find your recipient | could not be found | not listed in
      not in directory | not found in directory | directory lookup | ldap lookup
      does not exist here | does not like recipient | does not live here
      doesn't handle mail for that user | we do not have * user | here by that name
      unrouteable address | unroutable address | unrouteable mail | rejected address
      undeliverable mail | unable to deliver to | not deliverable | undeliverable
      has no mailbox | is not a valid | isn't a valid | this address no longer
      not known at this site | delivery to * failed | utilisateur inconnu | destinataire inconnu
      destinataire invalide | destinataire * invalide | adresse inconnue | adresse * invalide
      adresse inexistante | boite * inexistante | boite * inconnue | compte * inexistant
      utente sconosciuto | utente non * sconosciuto | utente inesistente
      destinatario sconosciuto | destinatario inesistente | casella inesistente
      casella * inesistente | indirizzo * sconosciuto | indirizzo inesistente
      usuario desconocido | usuario no existe | usuario inexistente | destinatario desconocido
      destinatario no existe | buzon no existe | cuenta no existe | cuenta inexistente
      direccion * no existe | usuario desconhecido | destinatario desconhecido
      usuario nao existe | conta nao existe | conta inexistente | nie ma takiego uzytkownika
      nie ma takiego konta | nie ma takiej skrzynki | nieznany uzytkownik | nieznany odbiorca
      konto nie istnieje | adresat nieznany | adres nie istnieje | odbiorca nie istnieje
      skrzynka nie istnieje | benutzer unbekannt | empfanger unbekannt | unbekannter benutzer
      unbekannter empfanger | unbekannte adresse | adresse unbekannt | empfanger existiert nicht
      postfach existiert nicht | adresse existiert nicht | kein postfach | onbekende gebruiker
      gebruiker onbekend | ontvanger onbekend | bestaat niet | tundmatu kasutaja
      kasutajat ei ole | saajat ei leitud | aadressi ei ole`,
    without: `
      sender address | sender rejected | sender verify | sender domain | domain of sender
      from address | mail from | return path | greylist | invalid ehlo | invalid helo
      unverified address: *greylist | envelope sender | sender unknown | sender is unknown`,
    says: 'recipient permanent-for-this-recipient never',
    cure: cures.noMailbox,
    yes:
      '550 5.1.1 <ann@example.net>: Recipient address rejected: User unknown in relay ' +
      'recipient table',
    no:
      '550 5.1.0 <ann@example.org>: Sender address rejected: User unknown in local recipient ' +
      'table',
  },
]);
