/** Why our mail server returned a message, in a word for counting. Pure. */

export const noticeCauses = ['unknown', 'full', 'filter', 'content', 'expired', 'other'] as const;
export type NoticeCause = (typeof noticeCauses)[number];

/** `status`: enhanced code (RFC 3463). */
export function noticeCause(of: {
  readonly status: string;
  readonly reply: string;
  /** It was tried at a filter of this machine. */
  readonly isFilter: boolean;
}): NoticeCause {
  const { isFilter, reply, status } = of;
  if (/^[45]\.2\.[12]$/.test(status) && /quota|full|exceed/i.test(reply)) return 'full';
  if (/^[45]\.2\.2$/.test(status)) return 'full';
  // The server that delivers may be on this machine, too.
  if (/^5\.1\./.test(status) || /user unknown|unknown user|no such user/i.test(reply))
    return 'unknown';
  if (isFilter) return 'filter';
  if (/^5\.7\./.test(status)) return 'content';
  return /^4\./.test(status) ? 'expired' : 'other';
}

const causeText: Readonly<Record<NoticeCause, string>> = {
  unknown: 'the recipient does not exist',
  full: 'the mailbox is full',
  filter: 'a filter behind the queue refused it',
  content: 'the next server refused its content',
  expired: 'it could not be delivered in time',
  other: 'another reason',
};

/** What the operator is told about a burst. */
export function burstText(count: number, limit: number, cause: NoticeCause): string {
  return (
    `Postfix sent ${count} notices about undelivered mail to other servers in an hour (limit: ` +
    `${limit}); most often because ${causeText[cause]}. Senders of spam are forged, so these ` +
    'notices may go to people who wrote nothing. postern doctor shows how to refuse such mail'
  );
}
