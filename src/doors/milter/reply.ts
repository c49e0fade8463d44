/**
 * What the mail server is answered, as bytes. An SMTP reply that the mail server finds malformed costs us the whole
 * connection (Postfix: "malformed reply", then its default action), so every one is made valid here, whatever it was.
 */
import type { Answer } from '../../ports.ts';
import { packet, reply } from './packet.ts';

/** RFC 5321 section 4.5.3.1.5: 512 with CRLF; less the code, the enhanced code and room for what an MTA puts before it. */
const textLengthMax = 440;
/** Postfix cuts the reason of a quarantine here. */
const reasonLengthMax = 100;

export const continuePacket: Buffer = packet(reply.continue);
export const acceptPacket: Buffer = packet(reply.accept);
export const skipPacket: Buffer = packet(reply.skip);
export const progressPacket: Buffer = packet(reply.progress);

/** `y`: an SMTP reply of our own. */
export function replyPacket(answer: Extract<Answer, { kind: 'reply' }>): Buffer {
  const code = /^[45]\d\d$/.test(String(answer.code)) ? answer.code : 451;
  const kind = Math.floor(code / 100);
  // RFC 3463: the class of the enhanced code is that of the code; Postfix 3.12 insists.
  const enhanced =
    /^[45]\.\d{1,3}\.\d{1,3}$/.test(answer.enhanced) && answer.enhanced.startsWith(String(kind))
      ? answer.enhanced
      : `${kind}.7.1`;
  const text = printable(answer.text, textLengthMax) || 'Refused by policy';
  // Sendmail takes the text for a format string, and Postfix halves doubled signs as Sendmail would.
  return packet(reply.replyCode, `${code} ${enhanced} ${text.replaceAll('%', '%%')}\0`);
}

/** `q` and then `a`: Postfix keeps the message in its hold queue, and the client is told that it was taken. */
export function holdPackets(reason: string): Buffer {
  const text = printable(reason, reasonLengthMax) || 'held by policy';
  return Buffer.concat([packet(reply.quarantine, `${text}\0`), acceptPacket]);
}

/** Printable ASCII on one line, at most `lengthMax` characters. */
function printable(text: string, lengthMax: number): string {
  return text
    .slice(0, lengthMax * 2)
    .replace(/\s+/g, ' ')
    .replace(/[^ -~]/gu, '?')
    .trim()
    .slice(0, lengthMax)
    .trimEnd();
}
