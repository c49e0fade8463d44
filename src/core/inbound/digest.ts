/** The mail that tells a user what is in quarantine for them. Pure. */
import type { Millis } from '../../lib/time.ts';

export type DigestEntry = {
  readonly queueId: string;
  readonly at: Millis;
  readonly sender: string;
  readonly subject: string;
  /** When it is deleted. */
  readonly due: Millis;
  readonly points: number;
};

/** Messages that are named in one mail. */
const namedMax = 50;

export function digestText(
  recipient: string,
  entries: readonly DigestEntry[],
  { contact, iso }: { readonly contact: string; readonly iso: (at: Millis) => string },
): { readonly subject: string; readonly text: string } {
  const time = (at: Millis): string => `${iso(at).slice(0, 16).replace('T', ' ')} UTC`;
  const count = entries.length;
  const what = count === 1 ? '1 message' : `${count} messages`;
  // Whoever sends a user a hundred messages must not hide the honest one among them.
  const lines = entries
    .toSorted((one, other) => one.points - other.points)
    .slice(0, namedMax)
    .map(
      ({ queueId, at, sender, subject, due }) =>
        `From:     ${line(sender === '' ? '(no sender)' : sender)}\n` +
        `Subject:  ${line(subject === '' ? '(no subject)' : subject)}\n` +
        `Came:     ${time(at)}\n` +
        `Deleted:  ${time(due)}\n` +
        `Id:       ${queueId}\n`,
    );
  const more = count > namedMax ? `... and ${count - namedMax} more.\n` : '';
  return {
    subject: `${what} for you in quarantine`,
    text:
      `This server keeps ${what} for ${line(recipient)} in quarantine, because the sender is ` +
      'unknown here and something about the mail is suspicious.\n\n' +
      `${lines.join('\n')}${more}\n` +
      `If you want one of them, send its id to ${line(contact)}. ` +
      'What nobody asks for is deleted at the time that is shown.\n' +
      'You need not answer this mail. You get it at most once a day.\n',
  };
}

/** Text of strangers as one line of at most 200 characters. */
function line(text: string): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return plain.length <= 200 ? plain : `${plain.slice(0, 197)}...`;
}
