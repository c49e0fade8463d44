/** A message is followed through filters by its queue ids, and no other message is taken for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Account } from '../../core/account-name.ts';
import type { LogEvent } from '../../core/event.ts';
import { dayMs, hourMs, type Millis, minuteMs } from '../../lib/time.ts';
import type { MessageRow } from '../../ports/ledger.ts';
import { openRenames, originOf } from './message-renamed.ts';

const start = Date.UTC(2026, 2, 4, 12) as Millis;
const ann = 'ann@example.test' as Account;

function rig() {
  const rows = new Map<string, MessageRow>();
  const told: string[] = [];
  const live = { message: (queueId: string) => rows.get(queueId) };
  const flow = openRenames({
    journal: {
      live,
      add: (change) => void (change.kind === 'message' && rows.set(change.row.queueId, change.row)),
    },
    renamed: (before, { queueId }) => void told.push(`${before} ${queueId}`),
  });
  const judged = (queueId: string, more: Partial<MessageRow> = {}): void => {
    const row = { queueId, at: start, account: ann, verdict: 'pass', recipients: 2 } as const;
    const of = { client: '192.0.2.7', sender: 'ann@example.test', messageId: '<one@pc.test>' };
    rows.set(queueId, { ...row, ...of, ...more });
  };
  type Seen = LogEvent extends infer One ? (One extends unknown ? Omit<One, 'at'> : never) : never;
  const seen = (event: Seen, after = 1_000): void =>
    flow.seen({ ...event, at: (start + after) as Millis } as LogEvent);
  const account = (queueId: string) => originOf(live, queueId)?.account;
  return { rows, told, judged, seen, account, origin: (id: string) => originOf(live, id)?.queueId };
}

const delivery = (queueId: string, more: Partial<Extract<LogEvent, { kind: 'delivery' }>>) =>
  ({
    kind: 'delivery',
    queueId,
    recipient: 'x@world.test',
    outcome: 'sent',
    reply: '',
    requeuedAs: '',
    original: 'x@world.test',
    service: 'postfix/smtp',
    relay: 'here',
    ...{ nextId: '', status: '', mxHost: '', mxAddress: '', from: '', delaySeconds: 0 },
    ...more,
  }) as const;

const came = { kind: 'entered', client: '', firstClient: '', login: undefined } as const;
const back = (previousId: string, queueId: string) =>
  ({ ...came, service: 'postfix/smtpd', uid: undefined, previousId, queueId }) as const;
const pickedUp = (queueId: string, sender: string) =>
  ({ ...came, service: 'postfix/pickup', uid: 33, previousId: '', queueId, sender }) as const;
const toProgram = { service: 'postfix/pipe', relay: 'other' } as const;

test('a message keeps its account through two filters, and both say so once', () => {
  const { judged, origin, rows, seen, told } = rig();
  judged('FIRST');
  seen(back('FIRST', 'SECOND'));
  seen(delivery('FIRST', { requeuedAs: 'SECOND' }));
  seen(delivery('SECOND', { requeuedAs: 'THIRD' }));
  assert.deepEqual(told, ['FIRST SECOND', 'SECOND THIRD']);
  assert.equal(origin('THIRD'), 'FIRST');
  const { account, origin: first, verdict, at } = rows.get('THIRD') ?? {};
  assert.deepEqual([account, first, verdict, at], [ann, 'FIRST', 'pass', start + 1_000]);
});

test('what Postern did not judge, and what is too old, is nobody’s', () => {
  const { account, judged, rows, seen } = rig();
  seen(back('NOBODY', 'SECOND'));
  judged('OLDER');
  seen(back('OLDER', 'SECOND'), 8 * dayMs);
  judged('LATER', { at: (start + hourMs) as Millis });
  seen(back('LATER', 'SECOND'));
  assert.equal(account('SECOND'), undefined);
  assert.equal(rows.has('SECOND'), false);
});

test('a message of another login is never taken over; one of the filter itself is', () => {
  const { account, judged, seen } = rig();
  judged('FIRST');
  judged('OTHER', { account: 'bob@example.test' as Account });
  judged('FILTER', { account: 'client:127.0.0.1' as Account });
  judged('HELD1', { account: 'client:127.0.0.1' as Account, verdict: 'hold' });
  for (const queueId of ['OTHER', 'FILTER', 'HELD1']) {
    seen(back('FIRST', queueId));
  }
  assert.equal(account('OTHER'), 'bob@example.test');
  assert.equal(account('FILTER'), ann);
  assert.equal(account('HELD1'), 'client:127.0.0.1');
});

for (const order of ['the new message first', 'the delivery to the filter first']) {
  test(`a pipe filter that comes back by sendmail is followed by Message-ID: ${order}`, () => {
    const { judged, origin, seen } = rig();
    judged('FIRST');
    const sender = 'ann@example.test';
    const steps = [
      () => {
        seen(pickedUp('SECOND', sender));
        seen({ kind: 'named', queueId: 'SECOND', messageId: '<one@pc.test>' });
      },
      () => seen(delivery('FIRST', toProgram)),
    ];
    for (const step of order.startsWith('the new') ? steps : steps.toReversed()) step();
    assert.equal(origin('SECOND'), 'FIRST');
  });
}

test('the same Message-ID alone proves nothing', () => {
  const { judged, account, seen } = rig();
  judged('FIRST');
  const handIn = (queueId: string, sender: string, after = 1_000): void => {
    seen(pickedUp(queueId, sender), after);
    seen({ kind: 'named', queueId, messageId: '<one@pc.test>' }, after);
  };
  handIn('COPY1', 'ann@example.test');
  assert.equal(account('COPY1'), undefined, 'the first did not go to a program');
  handIn('COPY2', 'mallory@example.test');
  handIn('COPY3', 'ann@example.test', hourMs);
  // Came by SMTP, not by sendmail.
  seen({ kind: 'named', queueId: 'COPY4', messageId: '<one@pc.test>' });
  seen(delivery('FIRST', toProgram), 2 * minuteMs);
  assert.deepEqual(['COPY1', 'COPY2', 'COPY3', 'COPY4'].map(account), [
    ann,
    undefined,
    undefined,
    undefined,
  ]);
});

for (const order of ['copies first', 'deliveries first']) {
  test(`a program hands in one copy for each delivery, and no more: ${order}`, () => {
    const { judged, account, seen } = rig();
    judged('FIRST');
    const copies = ['COPY1', 'COPY2', 'COPY3', 'COPY4', 'COPY5', 'COPY6'];
    const handIn = (queueId: string): void => {
      seen(pickedUp(queueId, 'ann@example.test'));
      seen({ kind: 'named', queueId, messageId: '<one@pc.test>' });
    };
    const deliver = (): void => seen(delivery('FIRST', toProgram));
    if (order === 'copies first') copies.forEach(handIn);
    for (let nth = 0; nth < 5; nth++) deliver();
    if (order !== 'copies first') copies.forEach(handIn);
    const owners = copies.map(account);
    assert.deepEqual(owners, [ann, ann, ann, ann, ann, undefined]);
  });
}
