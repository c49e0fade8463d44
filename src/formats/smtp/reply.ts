/**
 * SMTP replies of our own, always well formed whatever they were made of: a mail server that is
 * handed a malformed one drops the connection it came by. Pure.
 */
import { printableLine } from '../../lib/peer-text.ts';

/**
 * `550 5.7.1 text`. The class of the enhanced code is that of the code (RFC 3463); Postfix 3.12
 * insists.
 */
export function smtpReply(
  reply: { readonly code: number; readonly enhanced: string; readonly text: string },
  textLengthMax: number,
): string {
  const code = /^[45]\d\d$/.test(String(reply.code)) ? String(reply.code) : '451';
  const enhanced =
    /^[45]\.\d{1,3}\.\d{1,3}$/.test(reply.enhanced) && reply.enhanced[0] === code[0]
      ? reply.enhanced
      : `${code[0]}.7.1`;
  return `${code} ${enhanced} ${printableLine(reply.text, textLengthMax) || 'Refused by policy'}`;
}
