/**
 * Complaints of recipients: feedback reports (RFC 5965), and those of Microsoft, which are only the
 * message with a subject. Pure.
 */
import { addressKey } from '../message/address.ts';
import { fieldValue, type Mail, type MailFields } from './mail-parts.ts';
import type { BounceNotice } from './notice.ts';

export type Feedback = {
  /** `abuse`, `fraud`, `auth-failure`, `not-spam`, …; lower case. */
  readonly type: string;
  /** Address keys; empty if the report hides them. */
  readonly recipients: readonly string[];
};

const complainedMax = 100;
const feedbackField =
  /^\s{0,4}(feedback-type|original-rcpt-to|removal-recipient|x-original-recipient):\s{0,8}(.*)$/i;

/** Undefined if the message is no feedback report. */
export function feedbackOf(mail: Mail, notice: BounceNotice): Feedback | undefined {
  const report = mail.parts.find(({ type }) => type === 'message/feedback-report');
  const lines = report === undefined ? notice.lines : report.text.split('\n', 500);
  let type = '';
  const recipients: string[] = [];
  for (const line of lines) {
    const found = feedbackField.exec(line.slice(0, 1_000));
    if (found === null) continue;
    const value = (found[2] ?? '').trim();
    if (found[1]?.toLowerCase() === 'feedback-type') type ||= value.toLowerCase();
    else if (recipients.length < complainedMax) recipients.push(...keysIn(value));
  }
  const isPlain = isPlainComplaint(mail.fields);
  if (report === undefined && !isPlain && (type === '' || recipients.length === 0)) {
    return isReport(mail.fields) && type !== '' ? { type, recipients: [] } : undefined;
  }
  if (recipients.length === 0) recipients.push(...ofOriginal(notice.originalFields));
  return { type: type === '' ? 'abuse' : type, recipients: [...new Set(recipients)] };
}

function isReport(fields: MailFields): boolean {
  return /report-type\s{0,3}=\s{0,3}"?feedback-report/i.test(fieldValue(fields, 'content-type'));
}

/** Microsoft's reports have no part of their own. */
function isPlainComplaint(fields: MailFields): boolean {
  return (
    /complaint about message from/i.test(fieldValue(fields, 'subject')) ||
    (/^staff@hotmail\.com/i.test(fieldValue(fields, 'from').replace(/.*</, '')) &&
      /complaint/i.test(fieldValue(fields, 'subject')))
  );
}

function ofOriginal(fields: MailFields): readonly string[] {
  const hidden = fieldValue(fields, 'x-hmxmroriginalrecipient');
  return keysIn(hidden === '' ? fieldValue(fields, 'to') : hidden);
}

/** Every address in a field, as keys. */
export function keysIn(value: string): readonly string[] {
  const found = value.slice(0, 4_000).match(/[^\s<>"'(),;:]{1,120}@[^\s<>"'(),;:]{1,255}/g) ?? [];
  return found.slice(0, complainedMax).map(addressKey);
}
