/**
 * A message that says what became of another one: a bounce with a delivery status (RFC 3464) or in
 * the words of its mail server, a complaint (RFC 5965), an automatic reply (RFC 3834). Pure, never
 * throws, whatever the message contains.
 */
import { firstMailbox, readableSubject } from '../message/header.ts';
import { deliveryStatus, reportedMax, type StatusGroup } from './delivery-status.ts';
import { feedbackOf, keysIn } from './feedback.ts';
import { fieldValue, type Mail, parseMail } from './mail-parts.ts';
import { type BounceNotice, noticeOf } from './notice.ts';
import { sesNotice } from './ses-notice.ts';
import { recipientsInText, type TextRecipient } from './text-recipients.ts';
import { isAutomaticReply, isServersWord } from './writer.ts';

export type BouncedRecipient = {
  /** Address key; empty if the message does not say it. */
  readonly recipient: string;
  readonly action: string;
  /** Enhanced status code; empty without one. */
  readonly status: string;
  /** Reply code of SMTP; empty without one. */
  readonly code: string;
  /** The reply of the receiving server, as far as the message tells; else empty. */
  readonly diagnostic: string;
  /** What the reporting server wrote of this recipient, in its own words. */
  readonly words: string;
  readonly remoteHost: string;
};

export type Bounce = {
  /** `status`: with a delivery status; `text`: without. `none`: nothing of these. */
  readonly kind: 'status' | 'text' | 'complaint' | 'auto-reply' | 'none';
  readonly recipients: readonly BouncedRecipient[];
  /** Of a complaint: its type in the report. */
  readonly feedback: string;
  readonly subject: string;
  /** What the reporting server wrote of the message as a whole. */
  readonly words: string;
};

const wordsLengthMax = 4_000;
/** Bounces in bounces: a server forwards what another one wrote. */
const depthMax = 2;

/** `octets`: one a character (latin1). */
export function readBounce(octets: string): Bounce {
  const mail = parseMail(octets);
  return bounceIn(mail, noticeOf(mail));
}

/** Of a message that was parsed already. `depth`: how many messages it is in. */
export function bounceIn(mail: Mail, notice: BounceNotice, depth = 0): Bounce {
  const { fields } = mail;
  const subject = readableSubject(fieldValue(fields, 'subject'));
  const words = notice.lines.join(' ').replace(/\s+/g, ' ').slice(0, wordsLengthMax);
  const about = { feedback: '', subject, words };
  const feedback = feedbackOf(mail, notice);
  if (feedback !== undefined) {
    const all = feedback.recipients.length === 0 ? [''] : feedback.recipients;
    const recipients = all.map(plainly);
    return { ...about, kind: 'complaint', recipients, feedback: feedback.type };
  }
  const ses = sesNotice(mail.parts[0]?.text ?? '');
  if (ses !== undefined && ses.type !== 'other') {
    const kind = ses.type === 'complaint' ? 'complaint' : 'status';
    const recipients = ses.recipients.map((group) => withText(group, undefined));
    return { ...about, kind, recipients };
  }
  const told = deliveryStatus(statusLines(mail, notice));
  const groups = told.filter(({ action }) => !isGood(action));
  if (groups.length === 0 && isAutomaticReply(fields, subject, words)) {
    const from = firstMailbox(fieldValue(fields, 'from'));
    return { ...about, kind: 'auto-reply', recipients: [plainly(from)] };
  }
  const sender = firstMailbox(fieldValue(fields, 'to'));
  const text = recipientsInText(withoutStatus(notice.lines), sender);
  if (groups.length > 0) {
    const failed = keysIn(fieldValue(fields, 'x-failed-recipients'));
    const addresses = [...failed, ...text.map(({ recipient }) => recipient)];
    const recipients = groups.map((group) => {
      const named = withAddress(group, groups, addresses);
      return withText(named, wordsOf(named, groups, text));
    });
    return { ...about, kind: 'status', recipients };
  }
  if (ses !== undefined || told.length > 0 || !isServersWord(fields, subject)) {
    return { ...about, kind: 'none', recipients: [] };
  }
  if (text.length === 0 && depth < depthMax) {
    const original = parseMail(notice.original.join('\n'));
    const inner = bounceIn(original, noticeOf(original), depth + 1);
    if (inner.kind === 'status' || inner.kind === 'text') return inner;
  }
  return { ...about, kind: 'text', recipients: ofText(mail, notice, text, words) };
}

function plainly(recipient: string): BouncedRecipient {
  return { recipient, action: '', status: '', code: '', diagnostic: '', words: '', remoteHost: '' };
}

/** Delivered, or on its way: no failure. */
function isGood(action: string): boolean {
  return /^(?:delivered|relayed|expanded|deliverable)$/.test(action);
}

/** Lines of the delivery status: its own part, or where its fields stand in the text. */
function statusLines(mail: Mail, notice: BounceNotice): readonly string[] {
  const own = mail.parts.filter(({ type }) => /^message\/(?:global-)?delivery-status/.test(type));
  if (own.length > 0) return own.flatMap(({ text }) => [...text.split('\n', 20_000), '']);
  return notice.lines;
}

const statusField = new RegExp(
  '^\\s{0,4}(?:(?:reporting|remote|received-from)-mta|(?:final|original)-recipient|' +
    'diagnostic-code):',
  'i',
);

/** The text before the fields of a delivery status. */
function withoutStatus(lines: readonly string[]): readonly string[] {
  const at = lines.findIndex((line) => statusField.test(line));
  return at < 0 ? lines : lines.slice(0, at);
}

/** A group whose recipient is a program or a host, with the address that the text names. */
function withAddress(
  group: StatusGroup,
  groups: readonly StatusGroup[],
  told: readonly string[],
): StatusGroup {
  const isAddress = /^[^@"|/\s]+@[^@\s]+$/.test(group.recipient);
  const other = told[0];
  if (isAddress || groups.length > 1 || other === undefined) return group;
  return { ...group, recipient: other };
}

/** What the text says of this recipient; everything if there is only one. */
function wordsOf(
  { recipient }: StatusGroup,
  groups: readonly StatusGroup[],
  told: readonly TextRecipient[],
): string | undefined {
  const own = told.find((one) => one.recipient === recipient);
  if (own !== undefined) return own.words;
  return groups.length === 1 ? told.map(({ words }) => words).join(' ') : undefined;
}

function withText(group: StatusGroup, words: string | undefined): BouncedRecipient {
  const own = group.diagnostic === '' ? (words ?? '') : group.diagnostic;
  const inText = enhanced(own);
  const status = isGeneric(group.status) && inText !== '' ? inText : group.status;
  const code = replyCode(group.diagnostic) || replyCode(words ?? '');
  return { ...group, status, code, words: (words ?? '').slice(0, wordsLengthMax) };
}

function ofText(
  mail: Mail,
  notice: BounceNotice,
  told: readonly TextRecipient[],
  words: string,
): readonly BouncedRecipient[] {
  const failed = keysIn(fieldValue(mail.fields, 'x-failed-recipients'));
  const named = failed.filter((key) => told.every(({ recipient }) => recipient !== key));
  const all =
    failed.length > 0
      ? [
          ...told.filter(({ recipient }) => failed.includes(recipient)),
          ...named.map((recipient) => ({ recipient, words: '' })),
        ]
      : told;
  const list =
    all.length > 0
      ? all
      : keysIn(fieldValue(notice.originalFields, 'to'))
          .slice(0, 1)
          .map((recipient) => ({ recipient, words: '' }));
  const found = list.length > 0 ? list : [{ recipient: '', words: '' }];
  return found.slice(0, reportedMax).map(({ recipient, words: own }) => {
    const text = own === '' ? words.trim() : own;
    const diagnostic = replyIn(text);
    const status = enhanced(own) || (found.length === 1 ? enhanced(diagnostic) : '');
    const code = replyCode(own) || replyCode(diagnostic);
    const remoteHost = hostIn(text);
    const rest = { code, diagnostic, remoteHost, status, words: text.slice(0, wordsLengthMax) };
    return { ...plainly(recipient), ...rest };
  });
}

/** The host that answered, as mail servers name it in a text; empty if they do not. */
function hostIn(text: string): string {
  const found =
    /\b(?:host:?|by|from|to|server) {1,4}((?:[\w-]{1,63}\.){1,8}[a-z]{2,20})\.?(?=[\s[(:,;)]|$)/i;
  return found.exec(text)?.[1]?.toLowerCase() ?? '';
}

/** The reply of SMTP in a text, from its code on; empty without one. */
function replyIn(text: string): string {
  const found = /(?:^|[\s:(<[])([45]\d\d(?:[ -]|: ?)(?:#?[45]\.\d{1,3}\.\d{1,3})?.{0,1500})/.exec(
    text,
  );
  return found?.[1]?.trim() ?? '';
}

function replyCode(text: string): string {
  return /(?:^|[\s:(<["'])([45]\d\d)(?=[ -]+(?:#?[45]\.\d|[^\d\s])|[:,]|$)/.exec(text)?.[1] ?? '';
}

function enhanced(text: string): string {
  const all = [
    ...text.slice(0, wordsLengthMax).matchAll(/(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?![\d]|\.\d)/g),
  ];
  const codes = all.map(([code]) => code);
  return codes.find((code) => !isGeneric(code)) ?? codes[0] ?? '';
}

function isGeneric(status: string): boolean {
  return status === '' || /^[245]\.0\.0$/.test(status);
}
