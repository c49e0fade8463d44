/** What kind of file holds contacts, as its beginning shows; and the reader for it. */
import { delimiterOf, openCsv } from './csv.ts';
import { type ContactReader, contactOf, type FoundContacts } from './found.ts';
import { openLdif } from './ldif.ts';
import { openList } from './list.ts';
import { mailboxes } from './mailboxes.ts';
import { openMbox, openMessage } from './sent-mail.ts';
import { openVcards } from './vcard.ts';

export const contactKinds = ['vcard', 'csv', 'ldif', 'mbox', 'message', 'list'] as const;
export type ContactKind = (typeof contactKinds)[number];

const readers: Readonly<Record<ContactKind, (found: FoundContacts) => ContactReader>> = {
  vcard: openVcards,
  csv: openCsv,
  ldif: openLdif,
  mbox: openMbox,
  message: openMessage,
  list: openList,
};

/** How much of a file shows its kind. */
export const kindBytes: number = 4 * 1024;

const field = /^[!-9;-~]{1,64}[ \t]*:/;
const mailField =
  /^(?:to|from|cc|bcc|date|subject|sender|received|return-path|message-id|mime-version)[ \t]*:/im;

export function openContacts(kind: ContactKind, found: FoundContacts): ContactReader {
  return readers[kind](found);
}

export function contactKind(head: string): ContactKind {
  const text = head.replace(/^\uFEFF/, '').trimStart();
  if (/^BEGIN:VCARD/i.test(text)) return 'vcard';
  if (/^From \S/.test(text)) return 'mbox';
  if (/^(?:version: ?1\s+)?dn::? ?\S/i.test(text)) return 'ldif';
  const [header = ''] = text.split(/\r?\n\r?\n/, 1);
  if (field.test(text) && mailField.test(header)) return 'message';
  return isTable(text) ? 'csv' : 'list';
}

/** More than addresses stand in its first line, with something between them. */
function isTable(text: string): boolean {
  const [line = ''] = text.split('\n', 1);
  const delimiter = delimiterOf(text);
  if (!line.includes(delimiter)) return /^"?[\w .-]*e-?mail[\w .-]*"?\r?$/i.test(line);
  return !mailboxes(line.replaceAll('\t', ',')).every((one) => contactOf(one) !== undefined);
}
