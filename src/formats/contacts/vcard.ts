/**
 * vCards (RFC 6350 and the older 2.1 and 3.0): the EMAIL properties. Lines may be folded, or broken
 * in quoted-printable. Photos and all else are passed over.
 */
import type { ContactReader, FoundContacts } from './found.ts';
import { lineReader } from './lines.ts';
import { mailboxes } from './mailboxes.ts';

/** The longest EMAIL property that is read, with what is folded into it. */
const propertyLengthMax = 4_096;
const email = /^(?:[\w-]{1,64}\.)?EMAIL[;:]/i;
const quotedPrintable = /;(?:ENCODING=)?QUOTED-PRINTABLE/i;

export function openVcards(found: FoundContacts): ContactReader {
  let card: string[] | undefined;
  let property: string | undefined;
  const endProperty = (): void => {
    if (property !== undefined) card?.push(...mailboxes(textOf(property)));
    property = undefined;
  };
  const endCard = (): void => {
    endProperty();
    if (card !== undefined) found.entry(card);
    card = undefined;
  };
  const line = (text: string): void => {
    const isFolded = /^[ \t]/.test(text);
    const isBroken = property?.endsWith('=') === true && quotedPrintable.test(property);
    if (property !== undefined && (isFolded || isBroken)) {
      if (property.length > propertyLengthMax) return;
      property = isFolded ? property + text.slice(1) : property.slice(0, -1) + text;
      return;
    }
    if (isFolded) return;
    endProperty();
    if (/^BEGIN:VCARD\s*$/i.test(text)) {
      endCard();
      card = [];
    } else if (/^END:VCARD\s*$/i.test(text)) endCard();
    else if (email.test(text)) property = text;
  };
  // What is too long is a photo or a key: no address is.
  return lineReader({ line, end: endCard, tooLong: () => undefined });
}

function textOf(property: string): string {
  const colon = valueStart(property);
  const raw = property.slice(colon);
  const isQuoted = quotedPrintable.test(property.slice(0, colon));
  const text = isQuoted ? unquoted(raw) : raw;
  return text.replace(/\\([\\,;:nN])/g, '$1').replace(/^\s*mailto:/i, '');
}

/** Behind the first colon that does not stand in the quotes of a parameter. */
function valueStart(property: string): number {
  let quoted = false;
  for (let at = 0; at < property.length; at++) {
    if (property[at] === '"') quoted = !quoted;
    else if (property[at] === ':' && !quoted) return at + 1;
  }
  return property.length;
}

function unquoted(text: string): string {
  return text.replace(/=([0-9A-F]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
