/** For tests of readers: what a door knows of a message when its content begins. */
import { usualCommand } from '../../src/core/own-command.ts';
import type { AdminDeps } from '../../src/flow/admin/admin.ts';
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

/** What the admin is told about this Postern. */
export const scriptedFacts: Pick<
  AdminDeps['facts'],
  'defaultDomain' | 'ledgerPath' | 'own' | 'version'
> = { own: usualCommand, version: '0', ledgerPath: '', defaultDomain: '' };
