/** Who wrote a message: a mail server, a program that answers, or a person. Pure. */
import { fieldValue, type MailFields } from './mail-parts.ts';

const anyOf = (...forms: readonly string[]): RegExp => new RegExp(forms.join('|'), 'i');

/** Names of mail servers in From. */
const daemon = anyOf('mailer-?daemon', 'mail delivery (?:sub)?system');
const daemonLike = anyOf(
  ...['mailer-?daemon', 'post_?master', 'delivery subsystem', 'mail system', 'daemon@'],
  'mail[ ._-]?(?:delivery|deliver)[ ._-]?(?:system|subsystem)',
  ...['system administrator', 'bounce', 'no-?reply', 'interscan', 'majordomo', 'admin@'],
);

/** Subjects that no person writes. */
const certainSubject = anyOf(
  ...['returned mail', 'undeliver(?:ed|able)', 'failure notice', 'delivery failure'],
  'delivery status notification',
);
const failureSubject = anyOf(
  ...['undeliver', 'non[- ]?deliver', 'returned? (?:mail|to sender|message)', 'error sending'],
  'delivery (?:status|fail|report|notif|error|problem|has|incomplete|delay)',
  'mail (?:fail|error|could not|delivery|status)',
  'failure (?:notice|delivery|notification)',
  ...['could not be (?:sent|delivered)', 'couldn.t be delivered', 'message not'],
  ...['delayed', 'warning:', 'loop alert', 'failed', 'failure', 'rejected'],
  'not (?:be )?deliver',
  ...['unzustellbar', 'non remis', 'no entregad', 'mancato recapito'],
);
const failureWords = anyOf(
  ...['could not be delivered', 'undeliver', 'permanent error', 'unable to deliver'],
  ...['delivery (?:to|has) .{0,60}failed', 'wasn.t able to deliver', 'trouble delivering'],
);

const autoSubject = anyOf(
  '^(?:re: ?)?auto(?:matic|mated)?[ -:]{0,2}(?:reply|response|re(?:ply)? ?:|antwort)',
  ...['^auto: ', '^out of (?:the )?office', '^away ', '^(?:on )?vacation', '^abwesenheit'],
  ...['^automatische antwort', '^r[ée]ponse automatique', '^respuesta autom[aá]tica'],
  ...['^risposta automatica', '^absence du bureau'],
);

/** Whether a mail server wrote it, or the content type says so. */
export function isServersWord(fields: MailFields, subject: string): boolean {
  return isFromDaemon(fields, subject) || isReportType(fields);
}

function isFromDaemon(fields: MailFields, subject: string): boolean {
  const from = fieldValue(fields, 'from');
  const isNull = /^<\s{0,9}>$/.test(fieldValue(fields, 'return-path'));
  if (fieldValue(fields, 'x-failed-recipients') !== '') return true;
  if (daemon.test(from) || certainSubject.test(subject)) return true;
  const isLike = daemonLike.test(from);
  if (failureSubject.test(subject)) return isLike || isNull;
  return isLike && (isNull || /^re:|^mail$/i.test(subject));
}

function isReportType(fields: MailFields): boolean {
  return /^multipart\/report/i.test(fieldValue(fields, 'content-type'));
}

/** Whether a program answered a message that had arrived, and does not say that one failed. */
export function isAutomaticReply(fields: MailFields, subject: string, words: string): boolean {
  if (!isAutomatic(fields, subject)) return false;
  const isFailure = failureSubject.test(subject) || failureWords.test(words);
  return !(isFailure && isFromDaemon(fields, subject));
}

function isAutomatic(fields: MailFields, subject: string): boolean {
  return (
    // Programs that write on their own say auto-generated: that answers nothing (RFC 3834).
    /^auto-replied/i.test(fieldValue(fields, 'auto-submitted')) ||
    fieldValue(fields, 'x-autoreply') !== '' ||
    fieldValue(fields, 'x-autorespond') !== '' ||
    fieldValue(fields, 'x-apple-action').toLowerCase() === 'vacation' ||
    /^auto[-_]?reply/i.test(fieldValue(fields, 'precedence')) ||
    autoSubject.test(subject)
  );
}
