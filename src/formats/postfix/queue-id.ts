/**
 * Queue ids of mail servers: Postfix's short (hexadecimal) and long ones, Sendmail's. They end up
 * on the standard input of postsuper(1), so nothing else gets through.
 */
import type { Brand } from '../../lib/brand.ts';

export type QueueId = Brand<string, 'QueueId'>;

/** The id, or undefined for what cannot be one. */
export function parseQueueId(text: string): QueueId | undefined {
  return /^[0-9A-Za-z]{5,32}$/.test(text) ? (text as QueueId) : undefined;
}
