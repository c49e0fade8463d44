/**
 * Parses queue ids of Postfix (short and long) and Sendmail. They are written to the standard input
 * of postsuper(1), so nothing else is accepted.
 */
import type { Brand } from '../../lib/type-tools.ts';

export type QueueId = Brand<string, 'QueueId'>;

/** The id; undefined for text that cannot be one. */
export function parseQueueId(text: string): QueueId | undefined {
  return /^[0-9A-Za-z]{5,32}$/.test(text) ? (text as QueueId) : undefined;
}
