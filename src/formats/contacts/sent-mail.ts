/**
 * Sent mail, in an mbox (RFC 4155) or one message alone: the recipients of each message. Mail that
 * was delivered, as its header shows, is left out: its recipients are those of somebody else.
 */
import type { ContactReader, FoundContacts } from './found.ts';
import { lineReader } from './lines.ts';
import { mailboxes } from './mailboxes.ts';

/** The longest field that is read, with what is folded into it: some 5,000 recipients. */
const fieldLengthMax = 256 * 1024;
const recipients = /^(?:resent-)?(?:to|cc|bcc)[ \t]*:/i;
/** Fields that a mail server adds when it delivers. */
const delivered = /^(?:delivered-to|return-path|x-original-to|envelope-to)[ \t]*:/i;
const separator = /^From \S.*\d{4}/;

type Message = { isReceived: boolean; readonly to: string[] };

export function openMbox(found: FoundContacts): ContactReader {
  return openMail(found, undefined);
}

/** One message, which begins with its header. */
export function openMessage(found: FoundContacts): ContactReader {
  return openMail(found, { isReceived: false, to: [] });
}

function openMail(found: FoundContacts, first: Message | undefined): ContactReader {
  const isMbox = first === undefined;
  /** Undefined in a body. */
  let message = first;
  let field: string | undefined;
  let afterBlank = true;
  const endField = (): void => {
    if (field !== undefined && field.length > fieldLengthMax) found.leftOut.tooLong++;
    else if (field !== undefined) {
      message?.to.push(...mailboxes(field.slice(field.indexOf(':') + 1)));
    }
    field = undefined;
  };
  const endHeader = (): void => {
    endField();
    if (message?.isReceived === true) {
      found.entries++;
      found.leftOut.received++;
    } else if (message !== undefined) found.entry(message.to);
    message = undefined;
  };
  const line = (text: string): void => {
    if (isMbox && separator.test(text) && (afterBlank || message !== undefined)) {
      endHeader();
      message = { isReceived: false, to: [] };
      return;
    }
    afterBlank = text === '';
    if (message === undefined) return;
    if (text === '') {
      endHeader();
      return;
    }
    if (/^[ \t]/.test(text)) {
      if (field !== undefined && field.length <= fieldLengthMax) field += text;
      return;
    }
    endField();
    if (recipients.test(text)) field = text;
    else if (delivered.test(text)) message.isReceived = true;
  };
  return lineReader({
    line,
    end: endHeader,
    tooLong() {
      afterBlank = false;
      if (message !== undefined) found.leftOut.tooLong++;
    },
  });
}
