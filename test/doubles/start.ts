/** For tests of readers: what a door knows of a message when its content begins. */
import type { MessageStart } from '../../src/ports/message.ts';

/** Mail that comes in from a stranger, unless said otherwise. */
export function scriptedStart(more: Partial<MessageStart> = {}): MessageStart {
  return {
    by: undefined,
    account: undefined,
    client: '192.0.2.1',
    clientName: '',
    helo: 'out.example.org',
    sender: 'joe@example.org',
    recipients: ['ann@example.net'],
    badRecipients: 0,
    queueId: '4ABC',
    ...more,
  };
}
