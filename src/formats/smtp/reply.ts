/**
 * Makes SMTP replies that are always well formed. A mail server that gets a malformed reply drops
 * the milter connection. Pure.
 */
import { printableLine } from '../../lib/peer-text.ts';

/**
 * Makes `550 5.7.1 text`. The class of the enhanced code must be that of the code (RFC 3463 section
 * 2); Postfix 3.12 requires it.
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
