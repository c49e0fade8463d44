/** Address books as LDIF (RFC 2849), as Thunderbird exports them: the mail attributes. */
import type { ContactReader, FoundContacts } from './found.ts';
import { lineReader } from './lines.ts';

const attribute = /^(?:mail|mailAlternateAddress|mozillaSecondEmail|email)(?:;[\w;-]{1,64})?:/i;
const attributeLengthMax = 4_096;

export function openLdif(found: FoundContacts): ContactReader {
  let entry: string[] | undefined;
  let open: string | undefined;
  const endAttribute = (): void => {
    if (open !== undefined) entry?.push(textOf(open));
    open = undefined;
  };
  const endEntry = (): void => {
    endAttribute();
    if (entry !== undefined) found.entry(entry);
    entry = undefined;
  };
  const line = (text: string): void => {
    if (text.startsWith(' ')) {
      if (open !== undefined && open.length < attributeLengthMax) open += text.slice(1);
      return;
    }
    endAttribute();
    if (/^dn:/i.test(text)) {
      endEntry();
      entry = [];
    } else if (attribute.test(text)) open = text;
  };
  return lineReader({ line, end: endEntry, tooLong: () => undefined });
}

function textOf(text: string): string {
  const value = text.slice(text.indexOf(':') + 1);
  if (!value.startsWith(':')) return value.trim();
  return Buffer.from(value.slice(1).trim(), 'base64').toString('utf8');
}
