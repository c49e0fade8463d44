/** A bypass meter with a mail log and a ledger that a test writes. */
import type { Account } from '../../src/core/account-name.ts';
import type { LogEvent, LogFact } from '../../src/core/event.ts';
import { type BypassMeter, openBypassMeter } from '../../src/flow/bypass/bypass-meter.ts';
import { type DoorNotes, openDoorNotes } from '../../src/flow/bypass/door-notes.ts';
import { openQueueTrails } from '../../src/flow/bypass/queue-trails.ts';
import type { Millis } from '../../src/lib/time.ts';
import type { MessageRow } from '../../src/ports/ledger.ts';
import { quietWorld } from './world.ts';

export const start = Date.UTC(2026, 2, 4, 12) as Millis;
export const joe = 'joe@example.test' as Account;
const own = '127.0.0.1';
export const outsider = '192.0.2.9';
type Entered = Extract<LogFact, { kind: 'entered' }>;
type Delivered = Extract<LogFact, { kind: 'delivery' }>;

export type BypassRig = {
  readonly meter: BypassMeter;
  readonly troubles: readonly string[];
  readonly notes: DoorNotes;
  seen(fact: LogFact): void;
  pass(ms: number): void;
  /** A message comes in, with a Message-ID of its own unless it is told one. */
  came(queueId: string, more?: Partial<Entered>, messageId?: string): void;
  goes(queueId: string, more?: Partial<Delivered>): void;
  judged(queueId: string): void;
  /** What left, as postern_mail_left_total counts it. */
  counts(): Readonly<Record<string, number>>;
};

export function bypassRig(meta: Map<string, string> = new Map()): BypassRig {
  let now: Millis = start;
  const rows = new Map<string, MessageRow>();
  const left = new Map<string, number>();
  const troubles: string[] = [];
  const notes = openDoorNotes({ now: () => now }, () => 7);
  const meter = openBypassMeter({
    trails: openQueueTrails(),
    notes,
    journal: {
      add(change) {
        if (change.kind === 'meta') meta.set(change.key, change.value);
      },
      live: { message: (id) => rows.get(id), meta: (key) => meta.get(key) },
    },
    world: quietWorld({
      clock: { now: () => now },
      count(name, by = 1, label = '') {
        if (name === 'postern_mail_left_total') left.set(label, (left.get(label) ?? 0) + by);
      },
    }),
    troubles: { set: (part, why) => void troubles.push(why === undefined ? `${part} over` : why) },
    localDomains: new Set(['example.test']),
    mayRelay: (client) => client === own,
    isNotice: (messageId) => messageId === '<notice@mail.test>',
    cause: () => 'CAUSE',
  });
  const seen = (fact: LogFact): void => meter.seen({ ...fact, at: now } as LogEvent);
  return {
    meter,
    troubles,
    notes,
    seen,
    pass(ms: number) {
      now = (now + ms) as Millis;
    },
    came(queueId: string, more: Partial<Entered> = {}, messageId = `<${queueId}@x>`) {
      const service = more.uid === undefined ? 'postfix/smtpd' : 'postfix/pickup';
      const rest = { service, client: own, firstClient: '', login: undefined, uid: undefined };
      seen({ kind: 'entered', queueId, ...rest, previousId: '', ...more });
      seen({ kind: 'named', queueId, messageId });
    },
    goes(queueId: string, more: Partial<Delivered> = {}) {
      const recipient = more.recipient ?? 'friend@world.test';
      const to = { recipient, original: recipient, outcome: 'sent', reply: '250 ok' } as const;
      const how = { requeuedAs: '', service: 'postfix/smtp', relay: 'other' } as const;
      const next = { nextId: '', status: '2.0.0', mxHost: '', mxAddress: '', from: '' };
      seen({ kind: 'delivery', queueId, ...to, ...how, ...next, delaySeconds: 0, ...more });
    },
    judged(queueId: string) {
      const rest = { recipients: 1, client: own, sender: joe, messageId: '' };
      rows.set(queueId, { queueId, at: now, account: joe, verdict: 'pass', ...rest });
    },
    counts: () => Object.fromEntries(left),
  };
}
