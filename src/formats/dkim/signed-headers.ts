/**
 * Which header fields a signature covers. RFC 6376 section 5.4.1 names those that make the message;
 * beside them stand what newer standards want covered: RFC 8058 (one-click unsubscribe), RFC 9477
 * (complaint address), Autocrypt, BIMI, Gmail's Feedback-ID. What servers on the way add or change
 * is never covered: Return-Path, Received, Authentication-Results, other signatures; nor Bcc, which
 * some of them take out.
 *
 * A field that may stand only once (RFC 5322 section 3.6) is listed once more than it is there:
 * nobody can add another without breaking the signature (RFC 6376 section 8.15). `always`: even if
 * it is not there at all, since readers would show what was added. `present`: only if it is there,
 * since a server on the way may add what is missing. `no`: fields that mailing lists or a further
 * sender put on top of ours.
 */
const kinds = {
  always: ['From', 'Reply-To', 'To', 'Cc', 'Subject', 'In-Reply-To', 'References'],
  present: [
    'Date',
    'Sender',
    'Message-ID',
    'MIME-Version',
    'Content-Type',
    'Content-Transfer-Encoding',
    'Content-ID',
    'Content-Disposition',
    'Content-Description',
    'Autocrypt',
    'Feedback-ID',
    'BIMI-Selector',
    'CFBL-Feedback-ID',
    'Disposition-Notification-To',
  ],
  no: [
    'CFBL-Address',
    'List-Id',
    'List-Help',
    'List-Unsubscribe',
    'List-Unsubscribe-Post',
    'List-Subscribe',
    'List-Post',
    'List-Owner',
    'List-Archive',
    'Resent-Date',
    'Resent-From',
    'Resent-Sender',
    'Resent-To',
    'Resent-Cc',
    'Resent-Message-ID',
  ],
} as const;

export type SignedHeader = {
  /** As it is written in `h=`. */
  readonly name: string;
  readonly oversigned: 'always' | 'present' | 'no';
};

/** By key (headerKey), in the order of `h=`. */
export const signedHeaders: ReadonlyMap<string, SignedHeader> = new Map(
  (['always', 'present', 'no'] as const).flatMap((oversigned) =>
    kinds[oversigned].map((name) => [name.toLowerCase(), { name, oversigned }] as const),
  ),
);

/** The names of `h=` for a message that has `count` fields of a name. */
export function timesListed({ oversigned }: SignedHeader, count: number): number {
  const more = oversigned === 'always' || (oversigned === 'present' && count > 0) ? 1 : 0;
  return count + more;
}
