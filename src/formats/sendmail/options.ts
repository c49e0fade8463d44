/**
 * The arguments of sendmail(1), as Postfix's own reads them. What hands a message in, or speaks
 * SMTP on standard input, is ours; everything else (the queue, aliases, wrong usage) is the mail
 * server's own to answer, with its texts and exit codes. So whatever is not surely a message is
 * `other`: nobody gets past us by it, since he may not submit there.
 */

export type SendmailCall =
  | {
      readonly kind: 'message';
      /** -f or -r; undefined: the user himself. */
      readonly sender: string | undefined;
      readonly fullName: string | undefined;
      readonly recipients: readonly string[];
      /** -t: those in the headers, too. */
      readonly headerRecipients: boolean;
      /** A line with nothing but a dot ends the message. */
      readonly dotEnds: boolean;
      /** Options that the mail server is to have as they are. */
      readonly through: readonly string[];
    }
  /** -bs */
  | { readonly kind: 'smtp' }
  | { readonly kind: 'other' };

/** As getopt(3) wants them; a colon: with a value. */
const letters = 'A:B:C:F:GIL:N:O:R:UV:X:b:ce:f:h:imno:p:r:q:tvx';
/** Change nothing here, as in Postfix. */
const ignored = new Set('ALOUcehmpx');

type OptionReading = {
  sender: string | undefined;
  fullName: string | undefined;
  headerRecipients: boolean;
  dotEnds: boolean;
  smtp: boolean;
  readonly through: string[];
};

export function sendmailCall(args: readonly string[]): SendmailCall {
  const found: OptionReading = {
    sender: undefined,
    fullName: undefined,
    headerRecipients: false,
    dotEnds: true,
    smtp: false,
    through: [],
  };
  let index = 0;
  for (; index < args.length; index++) {
    const word = args[index] ?? '';
    if (word === '--') {
      index++;
      break;
    }
    if (word === '-' || !word.startsWith('-')) break;
    const used = cluster(word, args[index + 1], found);
    if (used === undefined) return { kind: 'other' };
    if (used === 'the next word') index++;
  }
  const recipients = args.slice(index);
  if (found.smtp) {
    return found.headerRecipients || recipients.length > 0 ? { kind: 'other' } : { kind: 'smtp' };
  }
  if (recipients.length === 0 && !found.headerRecipients) return { kind: 'other' };
  if (recipients.some((recipient) => recipient === '')) return { kind: 'other' };
  const verp = found.through.some((word) => word.startsWith('-X'));
  if (verp && found.sender === '') return { kind: 'other' };
  const { smtp: _, ...message } = found;
  return { kind: 'message', ...message, recipients };
}

/** One word of options, such as `-ti` or `-fjoe`; undefined: not for us. */
function cluster(
  word: string,
  next: string | undefined,
  found: OptionReading,
): 'the word' | 'the next word' | undefined {
  for (let at = 1; at < word.length; at++) {
    const letter = word.charAt(at);
    const place = letter === ':' ? -1 : letters.indexOf(letter);
    if (place < 0) return undefined;
    if (letters.charAt(place + 1) !== ':') {
      if (!take(letter, '', found)) return undefined;
      continue;
    }
    const attached = word.slice(at + 1);
    const value = attached === '' ? next : attached;
    if (value === undefined || !take(letter, value, found)) return undefined;
    return attached === '' ? 'the next word' : 'the word';
  }
  return 'the word';
}

/** Answers whether the option is one of handing a message in. */
function take(letter: string, value: string, found: OptionReading): boolean {
  switch (letter) {
    case 'f':
    case 'r':
      found.sender = value;
      return true;
    case 'F':
      found.fullName = value;
      return true;
    case 'i':
      found.dotEnds = false;
      return true;
    case 't':
      found.headerRecipients = true;
      return true;
    case 'o':
      if (value.startsWith('i')) found.dotEnds = false;
      return !value.startsWith('A');
    case 'b':
      found.smtp = value.startsWith('s');
      return value.startsWith('s') || value.startsWith('m');
    case 'B':
      found.through.push(`-B${value}`);
      return /^(?:7bit|8bitmime)$/i.test(value);
    case 'N':
    case 'R':
      // Postfix ignores what it does not know; an empty word would take the next one for its value.
      if (value !== '') found.through.push(`-${letter}${value}`);
      return true;
    case 'G':
    case 'v':
      found.through.push(`-${letter}`);
      return true;
    case 'X':
      // A log file, which Postfix does not write; or VERP, by which mailing lists know whose mail
      // came back.
      if (!value.startsWith('V')) return true;
      found.through.push(`-X${value}`);
      return /^V(?:[-+=]{2})?$/.test(value);
    default:
      return ignored.has(letter);
  }
}
