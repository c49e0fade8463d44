/**
 * Writes the answers to the mail server as bytes. A malformed SMTP reply costs the whole connection
 * (Postfix: "malformed reply", then its default action), so every reply is made valid here.
 */

import { packet, reply } from '../../formats/milter/packet.ts';
import { smtpReply } from '../../formats/smtp/reply.ts';
import { printableLine } from '../../lib/peer-text.ts';
import type { Answer } from '../../ports/message.ts';

/**
 * Characters of a reply's text. RFC 5321 section 4.5.3.1.5 allows 512 a line with CRLF; the codes,
 * and what a mail server puts before the text, need some.
 */
const textLengthMax = 440;
/** Characters of a reason: Postfix cuts it here. */
const reasonLengthMax = 100;

export const continuePacket: Buffer = packet(reply.continue);
const acceptPacket: Buffer = packet(reply.accept);
export const skipPacket: Buffer = packet(reply.skip);
export const discardPacket: Buffer = packet(reply.discard);
export const progressPacket: Buffer = packet(reply.progress);

export const tooManyRecipients: Answer = {
  kind: 'reply',
  code: 452,
  enhanced: '4.5.3',
  text: 'Too many recipients; send them another message',
};

export const noRoomPacket: Buffer = replyPacket({
  kind: 'reply',
  code: 452,
  enhanced: '4.3.1',
  text: 'Too many recipients at this time; try again later',
});

/** `y`: refuses with an SMTP reply. */
export function replyPacket(answer: Extract<Answer, { kind: 'reply' }>): Buffer {
  // Sendmail uses the text as a format string, and Postfix halves doubled signs as Sendmail does.
  return packet(reply.replyCode, `${smtpReply(answer, textLengthMax).replaceAll('%', '%%')}\0`);
}

/** `q`, then `a`: Postfix accepts the message and keeps it in its hold queue. */
export function holdPackets(reason: string): Buffer {
  const text = printableLine(reason, reasonLengthMax) || 'held by policy';
  return Buffer.concat([packet(reply.quarantine, `${text}\0`), acceptPacket]);
}
