/** A list of addresses: one or more in a line, with or without names. `#` begins a comment. */
import type { ContactReader, FoundContacts } from './found.ts';
import { lineReader } from './lines.ts';
import { mailboxes } from './mailboxes.ts';

/** Some write all addresses into one line. */
const lineBytesMax = 2 * 1024 * 1024;

export function openList(found: FoundContacts): ContactReader {
  return lineReader({
    lineBytesMax,
    line(text) {
      const part = text.replace(/^\uFEFF/, '').trim();
      if (part !== '' && !part.startsWith('#')) found.entry(addressesIn(part));
    },
    end: () => undefined,
    tooLong: () => void found.leftOut.tooLong++,
  });
}

function addressesIn(line: string): readonly string[] {
  const words = line.split(/[\s,;]+/).filter((word) => word !== '');
  const isBare = words.every((word) => word.includes('@')) && !/["()]/.test(line);
  return isBare ? words : mailboxes(line);
}
