/**
 * What the mail server is answered, as bytes. An SMTP reply that it finds malformed costs us the
 * whole connection (Postfix: "malformed reply", then its default action), so every one is made
 * valid here.
 */

import { packet, reply } from '../../formats/milter/packet.ts';
import { smtpReply } from '../../formats/smtp/reply.ts';
import { printableLine } from '../../lib/peer-text.ts';
import type { Answer } from '../../ports/message.ts';

/**
 * RFC 5321 section 4.5.3.1.5: 512 a line with CRLF; less the codes, and room for what an MTA puts
 * before the text.
 */
const textLengthMax = 440;
/** Postfix cuts the reason of a quarantine here. */
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

/** `y`: an SMTP reply of our own. */
export function replyPacket(answer: Extract<Answer, { kind: 'reply' }>): Buffer {
  // Sendmail takes the text for a format string, and Postfix halves doubled signs as Sendmail
  // would.
  return packet(reply.replyCode, `${smtpReply(answer, textLengthMax).replaceAll('%', '%%')}\0`);
}

/**
 * `q` and then `a`: Postfix keeps the message in its hold queue, and the client is told that it was
 * taken.
 */
export function holdPackets(reason: string): Buffer {
  const text = printableLine(reason, reasonLengthMax) || 'held by policy';
  return Buffer.concat([packet(reply.quarantine, `${text}\0`), acceptPacket]);
}
