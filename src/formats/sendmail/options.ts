/**
 * Reads the arguments of sendmail(1) as Postfix does. Postern handles calls that submit a message
 * or speak SMTP on standard input. The mail server's own sendmail answers all others (queue,
 * aliases, wrong usage) with its texts and exit codes. Everything that is not clearly a message is
 * `other`. Nobody can bypass Postern that way, because users may not submit to the mail server
 * directly.
 */

export type SendmailCall =
  | {
      readonly kind: 'message';
      /** -f or -r; undefined for the calling user. */
      readonly sender: string | undefined;
      readonly fullName: string | undefined;
      readonly recipients: readonly string[];
      /** -t: recipients in the header count too. */
      readonly headerRecipients: boolean;
      /** Whether a line with only a dot ends the message. */
      readonly dotEnds: boolean;
      /** Options that are passed to the mail server unchanged. */
      readonly through: readonly string[];
    }
  /** -bs */
  | { readonly kind: 'smtp' }
  | { readonly kind: 'other' };

/** The options in the form of getopt(3); a colon marks an option with a value. */
const optionChars = 'A:B:C:F:GIL:N:O:R:UV:X:b:ce:f:h:imno:p:r:q:tvx';
/** Options that are ignored, as in Postfix. */
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
  const words = args.slice(index);
  // Beside -t, Postfix takes an empty word for a recipient that cannot exist. It is left out.
  const recipients = found.headerRecipients ? words.filter((word) => word !== '') : words;
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

/** Reads one word of options, such as `-ti` or `-fjoe`. Undefined if the call is `other`. */
function cluster(
  word: string,
  next: string | undefined,
  found: OptionReading,
): 'the word' | 'the next word' | undefined {
  for (let at = 1; at < word.length; at++) {
    const option = word.charAt(at);
    const place = option === ':' ? -1 : optionChars.indexOf(option);
    if (place < 0) return undefined;
    if (optionChars.charAt(place + 1) !== ':') {
      if (!take(option, '', found)) return undefined;
      continue;
    }
    const attached = word.slice(at + 1);
    const value = attached === '' ? next : attached;
    if (value === undefined || !take(option, value, found)) return undefined;
    return attached === '' ? 'the next word' : 'the word';
  }
  return 'the word';
}

/** Applies an option. Returns whether it belongs to submitting a message. */
function take(option: string, value: string, found: OptionReading): boolean {
  switch (option) {
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
      // Postfix ignores unknown values. An empty value would take the next word as its value.
      if (value !== '') found.through.push(`-${option}${value}`);
      return true;
    case 'G':
    case 'v':
      found.through.push(`-${option}`);
      return true;
    case 'X':
      // -X names a log file, which Postfix does not write, or VERP, with which mailing lists
      // recognize bounces.
      if (!value.startsWith('V')) return true;
      found.through.push(`-X${value}`);
      return /^V(?:[-+=]{2})?$/.test(value);
    default:
      return ignored.has(option);
  }
}
