/**
 * Recipients and reasons in a bounce that is only text, as qmail, Exim, old Sendmail, Exchange and
 * many others write it. Pure; lines are short (notice.ts), and each is looked at once.
 */
import { addressKey } from '../message/address.ts';
import { reportedMax } from './delivery-status.ts';

export type TextRecipient = {
  /** Address key. */
  readonly recipient: string;
  /** What the mail server said, on one line. */
  readonly words: string;
};

const wordsLengthMax = 4_000;
const repliesMax = 20;
const label = String.raw`[\p{L}\p{N}_-]{1,63}`;
const address = String.raw`[^\s<>"'()[\]:;,|*]{1,120}@${label}(?:\.${label}){0,10}`;
const bracketed = `"?<?"?(${address})"?>?`;
/** The line begins with the address. */
const atStart = new RegExp(
  String.raw`^[\s>*|#•-]{0,12}(?:to: )?[<"']{0,2}(${address})["'>]{0,3}` +
    String.raw`(?:\s{0,4}(?::|\.\.\.|…|\[|\((?:expanded|reason|and)|,|;|-|\bon \w{3}\b|$)(.*)|` +
    String.raw`\s{1,4}(.{0,200}))$`,
  'u',
);
/** `550 5.1.1 <a@b>... User unknown`, as Sendmail repeats it. */
const afterCode = new RegExp(
  String.raw`^\s{0,8}(?:<<<\s{0,2})?[45]\d\d[ -](?:[45]\.\d{1,3}\.\d{1,3}\s)?` +
    String.raw`(?:<(${address})>(?:\.\.\.|:)|(${address})\.\.\.\s)`,
  'u',
);
const rcptTo = new RegExp(String.raw`^\s{0,8}>>> RCPT TO: ?<(${address})>`, 'iu');
/** `Unable to deliver message to <a@b>`, `RCPT TO: a@b`, `undeliverable to a@b`. */
const inSentence = [
  '(?:deliver\\w{0,8}|undeliverable|undelivered|returned|rejected|sent|failed|message|mail|' +
    `reach\\w{0,3})\\b[^@]{0,80}\\b(?:to|for|at)\\b:?[^@]{0,30}?[\\s<"':]${bracketed}`,
  '^\\s{0,8}(?:rcpt to|to|recipient|original recipient|failed recipient|e-?mail|address)' +
    `\\s{0,3}(?:\\([^()]{0,20}\\))?:\\s{0,20}${bracketed}`,
  '(?:delivery failed|failed after|errors?|recipients?|address(?:es)?)' +
    `[^@]{0,60}[:\\s]\\s{0,3}${bracketed}`,
  `${bracketed}\\s[^@]{0,60}(?:not|unknown|failed|reject|deliver|full|mailbox)`,
  `^\\s{0,8}duplicated message-id in ${bracketed}`,
  `[a-z][a-z ]{3,60}: {0,4}${bracketed}\\s{0,4}$`,
].map((form) => new RegExp(form, 'iu'));
const failure = /^\S{0,20} ?(?:invalid|unknown|reject|fail|error|full|denied|not )|\b[45]\d\d\b/i;
/** Names a person who wrote, not a recipient. */
const ofSender = new RegExp(
  '^\\s{0,8}(?:from|sender|reply-to|return-path|cc|subject|x-[\\w-]{1,40})\\b\\s?:|mail from:|' +
    'contact|postmaster@|assistance|originator|sent by',
  'i',
);

/** `sender`: where the bounce was sent; that address is a recipient only if nothing else is. */
export function recipientsInText(
  lines: readonly string[],
  sender: string,
): readonly TextRecipient[] {
  const found = new Map<string, string[]>();
  let current: string[] | undefined;
  let blank = 0;
  /** Replies of Sendmail's transcript that come before the recipient that they are about. */
  let replies: string[] = [];
  const entry = (text: string): string[] | undefined => {
    const key = addressKey(text.replace(/\.$/, ''));
    if (key === '' || !key.includes('@')) return undefined;
    const known = found.get(key);
    if (known !== undefined) return known;
    if (found.size >= reportedMax) return undefined;
    const made: string[] = [];
    found.set(key, made);
    return made;
  };
  for (const line of lines) {
    if (line.trim() === '') {
      blank++;
      continue;
    }
    if (/^\s{0,8}(?:\.\.\. )?while talking to /i.test(line)) replies = [];
    else if (line.trimStart().startsWith('<<<') && replies.length < repliesMax) {
      replies.push(line.trim().slice(4));
    }
    const start = ofSender.test(line) ? null : atStart.exec(line);
    const repeated = afterCode.exec(line);
    const asked = rcptTo.exec(line);
    if (start !== null && (!isOf(start, sender) || /@[^\s@]{1,200}:\s*$/.test(line))) {
      const rest = (start[2] ?? start[3] ?? '').trim();
      // An address in the middle of a sentence that was folded says nothing.
      const isReason = start[2] !== undefined || failure.test(rest);
      if (isReason || blank > 0 || current === undefined) {
        current = entry(start[1] ?? '') ?? current;
        if (rest !== '') current?.push(rest);
        blank = 0;
        continue;
      }
    } else if (asked !== null) {
      current = entry(asked[1] ?? '') ?? current;
      blank = 0;
      continue;
    } else if (repeated !== null) {
      const own = entry(repeated[1] ?? repeated[2] ?? '');
      if (own !== undefined) {
        if (own.length === 0) own.push(...replies);
        replies = [];
        own.push(line.trim());
        blank = 0;
        continue;
      }
    }
    blank = 0;
    current?.push(line.trim());
  }
  if (found.size === 0) for (const one of inSentences(lines, sender)) entry(one);
  return [...found]
    .filter(([recipient]) => found.size === 1 || recipient !== sender)
    .map(([recipient, words]) => ({ recipient, words: joined(words) }));
}

function isOf(start: RegExpExecArray, sender: string): boolean {
  return addressKey(start[1] ?? '') === sender;
}

/** Addresses inside sentences; that of the sender only if there is no other. */
function inSentences(lines: readonly string[], sender: string): readonly string[] {
  const ofOthers = lines.filter((line) => !ofSender.test(line));
  const pairs = ofOthers.map((line, at) => `${line} ${ofOthers[at + 1] ?? ''}`);
  let own: string | undefined;
  for (const form of inSentence) {
    const named = pairs.flatMap((line) => form.exec(line)?.[1] ?? []);
    const others = named.filter((one) => addressKey(one.replace(/\.$/, '')) !== sender);
    if (others.length > 0) return others;
    own ??= named[0];
  }
  return own === undefined ? [] : [own];
}

/** Lines as one, without the marks at their ends. */
function joined(lines: readonly string[]): string {
  let text = '';
  for (const line of lines) {
    if (text.length > wordsLengthMax) break;
    text += text === '' ? line : ` ${line}`;
  }
  return text.slice(0, wordsLengthMax);
}
