/**
 * Whose rules a reply is compared with: the provider of the host that answered, and where that is
 * not in the table, the provider whose signature the reply carries. A reply that repeats what
 * another host said carries no signature.
 */
import type { ReplyFrame } from './frame.ts';

/** Words that only one provider's servers add to a reply. */
const signatures: readonly (readonly [words: string, provider: string])[] = [
  [' - gsmtp', 'google'],
  ['.prod.outlook.com', 'ms-365'],
  ['.PROD.OUTLOOK.COM', 'ms-365'],
  ['.prod.protection.outlook.com', 'ms-365'],
  ['community.mimecast.com', 'mimecast'],
  ['AUP#', 'cox'],
  ['OFR_', 'orange'],
  ['LPN0', 'laposte'],
];

export function speakersOf(frame: ReplyFrame, provider: string): readonly string[] {
  if (frame.speaker === 'own') return ['own'];
  if (provider !== 'other' || quotes(frame.text)) return [provider];
  const signed = signatures.find(([words]) => frame.text.includes(words));
  return signed === undefined ? [provider] : [provider, signed[1]];
}

function quotes(text: string): boolean {
  return text.includes(' said: ') || text.includes('undeliverable address');
}
