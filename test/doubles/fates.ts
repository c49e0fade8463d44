/** The day files, as a list in memory that keeps to the promises of `FateStore.find`. */

import type { Attempt } from '../../src/core/fate/attempt.ts';
import { addressKey } from '../../src/formats/message/address.ts';
import type { Millis } from '../../src/lib/time.ts';
import type { FateQuery, FateStore, FoundMessage } from '../../src/ports/fate.ts';

export function scriptedFates(messages: readonly FoundMessage[]): Pick<FateStore, 'find'> {
  const days = new Set(messages.map((one) => new Date(atOf(one)).toISOString().slice(0, 10)));
  return {
    async find(query) {
      const found = messages
        .filter((one) => fits(one, query))
        .sort((one, other) => atOf(other) - atOf(one))
        .slice(0, query.limit);
      return { found, partial: '', days: days.size };
    },
  };
}

/** As above, of what the message path tells while a test runs. */
export function collectedFates(): Pick<FateStore, 'find' | 'judged'> {
  const messages: FoundMessage[] = [];
  return {
    judged({ recipients, ...judged }) {
      const named = recipients.map((recipient) => ({ recipient, mark: recipient, attempts: [] }));
      messages.push({ judged, logged: undefined, recipients: named, moreRecipients: 0 });
    },
    find: (query) => scriptedFates(messages).find(query),
  };
}

const atOf = ({ judged, logged }: FoundMessage): Millis =>
  judged?.at ?? logged?.at ?? (0 as Millis);

function fits(message: FoundMessage, query: FateQuery): boolean {
  const { judged, logged, recipients } = message;
  const { account, client, messageId, queueId, recipient, script, sender, subject } = query;
  const ids = [judged?.queueId, logged?.queueId, ...(logged?.otherIds ?? [])];
  const is = (wanted: string | undefined, ...values: readonly (string | undefined)[]): boolean =>
    wanted === undefined || values.includes(wanted);
  const addresses = recipients.flatMap((one) => [
    one.recipient,
    ...one.attempts.flatMap(({ original, recipient: final }) => [original, final]),
  ]);
  return (
    atOf(message) >= (query.since ?? 0) &&
    atOf(message) <= (query.until ?? Number.POSITIVE_INFINITY) &&
    is(queueId, ...ids) &&
    is(account, judged?.account, logged?.account) &&
    is(client, judged?.client, logged?.client) &&
    is(messageId, judged?.messageId, logged?.messageId) &&
    is(script, judged?.script) &&
    is(sender === undefined ? undefined : addressKey(sender), judged?.sender, logged?.sender) &&
    is(recipient, ...addresses) &&
    (subject === undefined || (judged?.subject ?? '').toLowerCase().includes(subject.toLowerCase()))
  );
}

/** What a test says of a message. All else is made up. */
export type Told = {
  readonly id: string;
  readonly at: number;
  readonly account: string;
  readonly otherIds?: readonly string[];
  readonly to: readonly string[];
  readonly client?: string;
  readonly from?: string;
  readonly subject?: string;
  readonly verdict?: NonNullable<FoundMessage['judged']>['verdict'];
  /** Minutes after the hand-over, outcome and server of each attempt, for each recipient. */
  readonly tries?: readonly Try[];
  readonly reply?: string;
  /** Addresses and subject are not kept. */
  readonly isSecret?: true;
};
export type Try = readonly [minutes: number, outcome: Attempt['outcome'], mxHost: string];

export function foundMessage(told: Told): FoundMessage {
  const { account, client = '192.0.2.33', id, isSecret, reply = '', to, tries = [] } = told;
  const at = told.at as Millis;
  const sender = told.from ?? (account.includes('@') ? account : 'www-data@mail.example.org');
  const messageId = `${id}@mail.example.org`;
  const owner = account as NonNullable<FoundMessage['judged']>['account'];
  return {
    judged: {
      queueId: id,
      at,
      account: owner,
      verdict: told.verdict ?? 'pass',
      isWatched: false,
      client,
      sender,
      headerFrom: sender,
      messageId,
      subject: isSecret ? '' : (told.subject ?? 'Hello'),
      script: '',
    },
    logged: {
      host: 'mail',
      queueId: id,
      otherIds: told.otherIds ?? [],
      at,
      account: owner,
      client,
      sender,
      messageId,
      sizeBytes: 2_048,
      recipientCount: to.length,
    },
    moreRecipients: 0,
    recipients: to.map((address, nth) => ({
      recipient: isSecret ? '' : address,
      mark: `m${nth}`,
      attempts: tries.map(([minutes, outcome, mxHost]) => ({
        at: (at + minutes * 60_000) as Millis,
        recipient: isSecret ? '' : address,
        original: isSecret ? '' : address,
        outcome,
        isLocal: false,
        mxHost,
        mxAddress: mxHost === '' ? '' : '198.51.100.25',
        from: '192.0.2.25',
        status: outcome === 'sent' ? '2.0.0' : outcome === 'deferred' ? '4.7.28' : '5.1.1',
        reply: outcome === 'sent' ? '250 2.0.0 OK' : reply,
        delaySeconds: minutes * 60,
      })),
    })),
  };
}
