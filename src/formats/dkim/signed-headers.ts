/**
 * The header fields that a signature covers. RFC 6376 section 5.4.1 names the fields that form the
 * message. Newer standards add more: RFC 8058 (one-click unsubscribe), RFC 9477 (complaint
 * address), Autocrypt, BIMI, Gmail's Feedback-ID. Fields that servers on the way add or change are
 * never covered: Return-Path, Received, Authentication-Results, other signatures; nor is Bcc, which
 * some servers remove.
 *
 * A field that may occur only once (RFC 5322 section 3.6) is listed once more than it occurs. So
 * nobody can add another one without breaking the signature (RFC 6376 section 8.15). `always`: even
 * if the field is missing, because readers would show an added one. `present`: only if the field is
 * there, because a server on the way may add a missing one. `no`: fields that mailing lists or a
 * later sender put on top.
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
  /** The name as `h=` has it. */
  readonly name: string;
  readonly oversigned: 'always' | 'present' | 'no';
};

/** By key (headerKey), in the order of `h=`. */
export const signedHeaders: ReadonlyMap<string, SignedHeader> = new Map(
  (['always', 'present', 'no'] as const).flatMap((oversigned) =>
    kinds[oversigned].map((name) => [name.toLowerCase(), { name, oversigned }] as const),
  ),
);

/** How often `h=` lists a name that `count` fields of the message have. */
export function timesListed({ oversigned }: SignedHeader, count: number): number {
  const more = oversigned === 'always' || (oversigned === 'present' && count > 0) ? 1 : 0;
  return count + more;
}
