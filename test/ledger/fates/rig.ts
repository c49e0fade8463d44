/** Messages and attempts for tests of the day files, and a store over a folder of its own. */
import type { Account } from '../../../src/core/account-name.ts';
import type { Attempt, LoggedMessage } from '../../../src/core/fate/attempt.ts';
import { type OpenFateStore, openFateStore } from '../../../src/ledger/fates/store.ts';
import type { Keeping } from '../../../src/ledger/fates/writer.ts';
import { dayMs, type Millis, minuteMs } from '../../../src/lib/time.ts';
import type { JudgedMessage } from '../../../src/ports/fate.ts';
import { quietWorld } from '../../doubles/world.ts';

export const noon = Date.parse('2026-11-20T12:00:00Z') as Millis;
export const later = (ms: number, from: number = noon): Millis => (from + ms) as Millis;
export const weekly: Keeping = { keepMs: 7 * dayMs, keepClearMs: 7 * dayMs };

export function judged(of: Partial<JudgedMessage> = {}): JudgedMessage {
  return {
    queueId: '4aBcDeF1Gz',
    at: noon,
    account: 'joe@example.org' as Account,
    verdict: 'pass',
    isWatched: false,
    client: '192.0.2.7',
    sender: 'joe@example.org',
    headerFrom: 'joe@example.org',
    messageId: 'first.1@pc.example.org',
    subject: 'Lunch on Friday',
    fingerprint: '',
    script: '',
    recipients: ['anna@example.net'],
    ...of,
  };
}

export function logged(of: Partial<LoggedMessage> = {}): LoggedMessage {
  return {
    host: 'mail',
    queueId: '4aBcDeF1Gz',
    otherIds: [],
    at: later(-2_000),
    account: 'joe@example.org' as Account,
    client: '192.0.2.7',
    sender: 'joe@example.org',
    messageId: 'first.1@pc.example.org',
    sizeBytes: 1_234,
    recipientCount: 1,
    ...of,
  };
}

export function attempt(of: Partial<Attempt> = {}): Attempt {
  const recipient = of.recipient ?? 'anna@example.net';
  return {
    at: later(minuteMs),
    host: 'mail',
    queueId: '4aBcDeF1Gz',
    account: 'joe@example.org' as Account,
    recipient,
    original: recipient,
    outcome: 'sent',
    isLocal: false,
    mxHost: 'mx.example.net',
    mxAddress: '198.51.100.9',
    from: '203.0.113.5',
    status: '2.0.0',
    reply: '250 2.0.0 Ok: queued as 4XyZ12345',
    delaySeconds: 60,
    ...of,
  };
}

export type FatesRig = {
  readonly store: OpenFateStore;
  readonly counted: ReadonlyMap<string, number>;
  readonly troubles: readonly (string | undefined)[];
  readonly logs: readonly (readonly [string, Readonly<Record<string, unknown>>])[];
  /** Resolves once all that was told is written or given up. */
  written(): Promise<void>;
};

export function openRig(
  folder: string,
  more: { readonly now?: () => Millis; readonly keeping?: Keeping; readonly thread?: URL } = {},
): FatesRig {
  const counted = new Map<string, number>();
  const troubles: (string | undefined)[] = [];
  const logs: (readonly [string, Readonly<Record<string, unknown>>])[] = [];
  const store = openFateStore({
    folder,
    keeping: more.keeping ?? weekly,
    world: quietWorld({
      clock: { now: more.now ?? (() => noon) },
      count(name, by = 1, label = '') {
        const key = label === '' ? name : `${name} ${label}`;
        counted.set(key, (counted.get(key) ?? 0) + by);
      },
      log: (_, event, fields = {}) => void logs.push([event, fields]),
    }),
    trouble: (why) => void troubles.push(why),
    ...(more.thread === undefined ? {} : { thread: more.thread }),
  });
  return {
    store,
    counted,
    troubles,
    logs,
    written: () => new Promise((resolve) => store.settled(resolve)),
  };
}
