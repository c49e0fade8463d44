/** Mail to the owner of an account, in one or more languages one below the other. Pure. */

export type OwnerMail = { readonly subject: string; readonly body: string };
export type OwnerMailFacts = {
  readonly account: string;
  readonly host: string;
  /** Address for questions. */
  readonly contact: string;
  /** What a text names besides. */
  readonly [name: string]: string;
};

/**
 * Postern's own texts about a weak password, by language. `{account}`, `{host}` and `{contact}` are
 * replaced by the facts.
 * The first line is the subject.
 */
export const ownTemplates: Readonly<Record<string, string>> = {
  en: `Please change the password of {account}
Hello,

the password of {account} on {host} is easy to guess. Our own check guessed it with methods that
every attacker has. Please set another password: at least 12 characters, not a word followed by a
number, and not a password that you use elsewhere. A password manager makes good passwords.

We never ask for your password, and this mail has no link on purpose. If you are not sure that this
mail is genuine, ask {contact}.
`,
  de: `Bitte ändern Sie das Passwort von {account}
Guten Tag,

das Passwort von {account} auf {host} ist leicht zu erraten: Unsere eigene Prüfung hat es mit den
Mitteln erraten, die jeder Angreifer hat. Bitte setzen Sie ein anderes: mindestens 12 Zeichen, kein
Wort mit einer Zahl dahinter und keines, das Sie anderswo benutzen. Ein Passwortmanager macht gute.

Wir fragen nie nach Ihrem Passwort, und diese Mail hat mit Absicht keinen Link. Wenn Sie nicht
sicher sind, ob sie echt ist, fragen Sie {contact}.
`,
  fr: `Veuillez changer le mot de passe de {account}
Bonjour,

le mot de passe de {account} sur {host} est facile à deviner : notre propre contrôle l'a deviné avec
les moyens de n'importe quel attaquant. Veuillez en choisir un autre : au moins 12 caractères, pas
un mot suivi d'un nombre, et aucun que vous utilisez ailleurs.

Nous ne demandons jamais votre mot de passe, et ce message ne contient volontairement aucun lien.
En cas de doute, adressez-vous à {contact}.
`,
  es: `Por favor, cambie la contraseña de {account}
Hola:

la contraseña de {account} en {host} es fácil de adivinar: nuestra propia comprobación la adivinó
con los medios que tiene cualquier atacante. Por favor, ponga otra: al menos 12 caracteres, no una
palabra seguida de un número, y ninguna que use en otro sitio.

Nunca le pedimos su contraseña, y este mensaje no lleva enlaces a propósito. Si duda de que sea
auténtico, pregunte a {contact}.
`,
  it: `Cambi la password di {account}
Buongiorno,

la password di {account} su {host} è facile da indovinare: il nostro controllo l'ha indovinata con i
mezzi di qualunque attaccante. Ne imposti un'altra: almeno 12 caratteri, non una parola seguita da
un numero, e nessuna che usi altrove.

Non chiediamo mai la Sua password, e questo messaggio non contiene link di proposito. In caso di
dubbio si rivolga a {contact}.
`,
  nl: `Wijzig alstublieft het wachtwoord van {account}
Hallo,

het wachtwoord van {account} op {host} is makkelijk te raden: onze eigen controle heeft het geraden
met de middelen die elke aanvaller heeft. Stel een ander in: minstens 12 tekens, geen woord met een
getal erachter, en geen dat u elders gebruikt.

Wij vragen nooit om uw wachtwoord, en dit bericht bevat met opzet geen link. Twijfelt u of het echt
is, vraag het dan aan {contact}.
`,
};

const between = `\n${'-'.repeat(70)}\n\n`;

/** The mail made of `templates`, in their order. */
export function ownerMail(templates: readonly string[], facts: OwnerMailFacts): OwnerMail {
  const filled = templates.map((template) =>
    template.replace(/\{([a-z]+)\}/g, (whole, name: string) =>
      Object.hasOwn(facts, name) ? (facts[name] ?? whole) : whole,
    ),
  );
  const parts = filled.map((text) => {
    const end = text.indexOf('\n');
    const subject = end < 0 ? text : text.slice(0, end);
    return {
      subject: subject.replace(/^Subject:\s*/i, '').trim(),
      body: end < 0 ? '' : text.slice(end + 1),
    };
  });
  return {
    subject: parts.map(({ subject }) => subject).join(' / '),
    body: parts.map(({ body }) => `${body.trim()}\n`).join(between),
  };
}
