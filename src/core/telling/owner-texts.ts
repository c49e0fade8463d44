/**
 * Mail to the owner of an account about mail that left: sent with a client that is new to the
 * account, or one text to many people. The program is not named: a thief chooses its name. Pure.
 */
import { ownerMail } from '../passwords/owner-mail.ts';

export type OwnerEvent = 'account.new-client' | 'account.copies';

export type OwnerFacts = {
  readonly account: string;
  readonly host: string;
  readonly contact: string;
  /** Of the message, such as `2026-02-20 10:00 UTC`. */
  readonly at: string;
  /** Of the client; empty: not known. */
  readonly network: string;
  readonly copies: string;
};

/**
 * By language. Names in braces are replaced by the facts; the first line is the subject.
 */
const ownerTexts: Readonly<Record<string, Readonly<Record<OwnerEvent, string>>>> = {
  en: {
    'account.new-client': `Was this you? {account} has sent mail with a new program
Hello,

at {at} a message left in the name of {account}. It came from a network ({network}) and a program
that this account has not used before. The message was delivered.

If you have a new device or are travelling, there is nothing to do. If not, somebody may know your
password: please change it, and tell {contact}.

We never ask for your password, and this mail has no link on purpose.
`,
    'account.copies': `Was this you? {account} has sent one text to many people
Hello,

by {at} about {copies} messages with the same text had left in the name of {account} within six
hours. They were delivered.

If you sent them, there is nothing to do. If not, somebody may know your password: please change it,
and tell {contact}.

We never ask for your password, and this mail has no link on purpose.
`,
  },
  de: {
    'account.new-client': `Waren Sie das? {account} hat mit einem neuen Programm gesendet
Guten Tag,

um {at} ging eine Nachricht im Namen von {account} hinaus. Sie kam aus einem Netz ({network}) und
von einem Programm, die dieses Konto noch nie benutzt hat. Die Nachricht wurde zugestellt.

Wenn Sie ein neues Gerät haben oder auf Reisen sind, ist nichts zu tun. Wenn nicht, kennt vielleicht
jemand Ihr Passwort: Bitte ändern Sie es, und sagen Sie es {contact}.

Wir fragen nie nach Ihrem Passwort, und diese Mail hat mit Absicht keinen Link.
`,
    'account.copies': `Waren Sie das? {account} hat einen Text an viele gesendet
Guten Tag,

bis {at} gingen binnen sechs Stunden etwa {copies} Nachrichten mit demselben Text im Namen von
{account} hinaus. Sie wurden zugestellt.

Wenn Sie sie gesendet haben, ist nichts zu tun. Wenn nicht, kennt vielleicht jemand Ihr Passwort:
Bitte ändern Sie es, und sagen Sie es {contact}.

Wir fragen nie nach Ihrem Passwort, und diese Mail hat mit Absicht keinen Link.
`,
  },
  fr: {
    'account.new-client': `Était-ce vous ? {account} a envoyé du courrier avec un nouveau programme
Bonjour,

le {at}, un message est parti au nom de {account}. Il venait d'un réseau ({network}) et d'un
programme que ce compte n'avait jamais utilisés. Le message a été distribué.

Si vous avez un nouvel appareil ou si vous êtes en voyage, il n'y a rien à faire. Sinon, quelqu'un
connaît peut-être votre mot de passe : changez-le et prévenez {contact}.

Nous ne demandons jamais votre mot de passe, et ce message ne contient volontairement aucun lien.
`,
    'account.copies': `Était-ce vous ? {account} a envoyé un même texte à beaucoup de personnes
Bonjour,

jusqu'au {at}, environ {copies} messages avec le même texte sont partis en six heures au nom de
{account}. Ils ont été distribués.

Si vous les avez envoyés, il n'y a rien à faire. Sinon, quelqu'un connaît peut-être votre mot de
passe : changez-le et prévenez {contact}.

Nous ne demandons jamais votre mot de passe, et ce message ne contient volontairement aucun lien.
`,
  },
  es: {
    'account.new-client': `¿Ha sido usted? {account} ha enviado correo con un programa nuevo
Hola:

el {at} salió un mensaje en nombre de {account}. Venía de una red ({network}) y de un programa que
esta cuenta no había usado antes. El mensaje se entregó.

Si tiene un dispositivo nuevo o está de viaje, no hay nada que hacer. Si no, puede que alguien
conozca su contraseña: cámbiela y avise a {contact}.

Nunca le pedimos su contraseña, y este mensaje no lleva enlaces a propósito.
`,
    'account.copies': `¿Ha sido usted? {account} ha enviado un mismo texto a muchas personas
Hola:

hasta el {at} salieron en seis horas unos {copies} mensajes con el mismo texto en nombre de
{account}. Se entregaron.

Si los envió usted, no hay nada que hacer. Si no, puede que alguien conozca su contraseña: cámbiela
y avise a {contact}.

Nunca le pedimos su contraseña, y este mensaje no lleva enlaces a propósito.
`,
  },
  it: {
    'account.new-client': `È stato Lei? {account} ha inviato posta con un programma nuovo
Buongiorno,

il {at} è partito un messaggio a nome di {account}. Veniva da una rete ({network}) e da un programma
che questo account non aveva mai usato. Il messaggio è stato consegnato.

Se ha un dispositivo nuovo o è in viaggio, non c'è nulla da fare. Altrimenti qualcuno forse conosce
la Sua password: la cambi e avvisi {contact}.

Non chiediamo mai la Sua password, e questo messaggio non contiene link di proposito.
`,
    'account.copies': `È stato Lei? {account} ha inviato lo stesso testo a molte persone
Buongiorno,

fino al {at} sono partiti in sei ore circa {copies} messaggi con lo stesso testo a nome di
{account}. Sono stati consegnati.

Se li ha inviati Lei, non c'è nulla da fare. Altrimenti qualcuno forse conosce la Sua password: la
cambi e avvisi {contact}.

Non chiediamo mai la Sua password, e questo messaggio non contiene link di proposito.
`,
  },
  nl: {
    'account.new-client': `Was u dit? {account} heeft mail verstuurd met een nieuw programma
Hallo,

op {at} ging een bericht uit naam van {account} de deur uit. Het kwam van een netwerk ({network}) en
een programma die dit account niet eerder heeft gebruikt. Het bericht is bezorgd.

Hebt u een nieuw apparaat of bent u op reis, dan hoeft u niets te doen. Zo niet, dan kent iemand
misschien uw wachtwoord: wijzig het, en laat het {contact} weten.

Wij vragen nooit om uw wachtwoord, en dit bericht bevat met opzet geen link.
`,
    'account.copies': `Was u dit? {account} heeft één tekst naar veel mensen gestuurd
Hallo,

tot {at} gingen binnen zes uur ongeveer {copies} berichten met dezelfde tekst uit naam van {account}
de deur uit. Ze zijn bezorgd.

Hebt u ze verstuurd, dan hoeft u niets te doen. Zo niet, dan kent iemand misschien uw wachtwoord:
wijzig het, en laat het {contact} weten.

Wij vragen nooit om uw wachtwoord, en dit bericht bevat met opzet geen link.
`,
  },
};

/** The mail in the languages that Postern has a text in; in English if it has none of them. */
export function passedOwnerMail(
  event: OwnerEvent,
  languages: readonly string[],
  facts: OwnerFacts,
): { readonly subject: string; readonly body: string } {
  const known = languages.filter((language) => Object.hasOwn(ownerTexts, language));
  const texts = (known.length > 0 ? known : ['en']).map(
    (language) => ownerTexts[language]?.[event] ?? '',
  );
  const network = facts.network === '' ? '?' : facts.network;
  return ownerMail(texts, { ...facts, network });
}

export function isOwnerEvent(event: string): event is OwnerEvent {
  return event === 'account.new-client' || event === 'account.copies';
}
