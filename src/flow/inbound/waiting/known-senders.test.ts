import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quietWorld } from '../../../../test/doubles/world.ts';
import { ManualTime } from '../../../../test/ledger/manual-time.ts';
import type { Account } from '../../../core/account-name.ts';
import type { CountedKind } from '../../../core/inbound/greylist/knowledge.ts';
import { knownGroupMax } from '../../../core/inbound/kept.ts';
import { inMemory, openLedger } from '../../../ledger/sqlite/open.ts';
import { hash53 } from '../../../lib/hash.ts';
import { dayMs, type Millis } from '../../../lib/time.ts';
import type { Ledger } from '../../../ports/ledger.ts';
import { openJournal } from '../../journal/journal.ts';
import { AllowedSenders } from './allowed-senders.ts';
import { KnownSenders } from './known-senders.ts';

const seed = 4_711;
const at = (ms: number): Millis => ms as Millis;

function rig() {
  const time = new ManualTime(0);
  const world = quietWorld({ clock: time, timers: time });
  const ledger = openLedger(inMemory);
  const journal = openJournal({ ledger, world, onState: () => undefined });
  const allowed = new AllowedSenders([], ['@good.example', 'ann@here.example', '192.0.2.0/24']);
  const open = (
    from: Pick<Ledger, 'known' | 'countKnown' | 'deferredOne' | 'sentNames'> = ledger,
  ) => new KnownSenders({ journal, ledger: from, allowed, seed: () => seed });
  return { journal, ledger, allowed, open };
}

test('what is seen is found at once, and over a restart', () => {
  const { journal, open } = rig();
  const known = open();
  known.see('domain', 'shop.example', at(1_000));
  known.see('domain', 'shop.example', at(2_000));
  const twice = { firstAt: 1_000, lastAt: 2_000, times: 2 };
  const found = known.find('domain', 'shop.example');
  assert.deepEqual([found?.firstAt, found?.lastAt, found?.times], Object.values(twice));
  assert.equal(known.find('network', 'shop.example'), undefined);
  journal.flushNow();
  const next = open();
  assert.equal(next.find('domain', 'shop.example')?.times, 2);
  assert.equal(next.size, 1);
  next.forget('domain', 'shop.example');
  assert.equal(next.find('domain', 'shop.example'), undefined);
  journal.flushNow();
  assert.equal(open().find('domain', 'shop.example'), undefined);
});

test('a flood of strangers leaves room for what people here do, and goes first', () => {
  const { journal, ledger, open } = rig();
  const known = open();
  known.see('domain', 'shop.example', at(1_000));
  known.see('domain', 'shop.example', at(2_000));
  journal.flushNow();
  const row = { firstAt: at(3_000), lastAt: at(3_000), times: 1, key: 7 } as const;
  ledger.write([{ kind: 'inbound-known', row: { ...row, kind: 'spam-network' } }], {
    durable: false,
  });
  const flooded = {
    known: ledger.known,
    deferredOne: ledger.deferredOne,
    sentNames: ledger.sentNames,
    countKnown: (kind: CountedKind) =>
      kind === 'spam-network' ? knownGroupMax.strangers : ledger.countKnown(kind),
  };
  const next = open(flooded);
  next.see('network', 'one.more', at(4_000));
  next.see('written-to', '@customer.example', at(4_000));
  next.see('message-id', '<1@here.example> ann@here.example', at(4_000));
  assert.ok(next.find('network', 'one.more') !== undefined, 'until a restart');
  journal.flushNow();
  const last = open(flooded);
  assert.equal(last.find('network', 'one.more'), undefined);
  assert.equal(last.find('written-to', '@customer.example')?.times, 1);
  assert.equal(last.find('message-id', '<1@here.example> ann@here.example')?.times, 1);
  const old = {
    messages: at(0),
    stories: at(0),
    statistics: at(0),
    deferred: at(0),
    imports: at(0),
  };
  const later = at(8 * dayMs);
  assert.equal(ledger.prune({ ...old, known: open().olderThan(later) }), false);
  assert.equal(ledger.prune({ ...old, known: last.olderThan(later) }), true, 'half of 14 days');
  assert.equal(ledger.countKnown('spam-network'), 0);
  assert.equal(open().find('domain', 'shop.example')?.times, 2);
});

test('whoever an account here has written to is known, by the books of the guard', () => {
  const { journal, open } = rig();
  const account = 'joe@here.example' as Account;
  const learned = [hash53('eve@far.example', seed), 5];
  const change = { kind: 'account', account, state: 'clear', profile: '', learned } as const;
  journal.add({ ...change, forgotten: [] });
  journal.flushNow();
  assert.equal(open().find('written-to', 'eve@far.example')?.firstAt, 300_000);
  assert.equal(open().find('written-to', 'bob@far.example'), undefined);
});

test('the list of the operator: addresses, domains and networks', () => {
  const known = rig().open();
  for (const name of ['@good.example', 'ann@here.example', '192.0.2.9']) {
    assert.ok(known.find('allowed', name) !== undefined, name);
  }
  for (const name of ['@here.example', 'joe@here.example', '198.51.100.1', 'v4:1.2.3', '']) {
    assert.equal(known.find('allowed', name), undefined, name);
  }
});

test('mail that was put off is remembered with what people read', () => {
  const { journal, ledger, open } = rig();
  const about = {
    isHonest: true,
    client: '192.0.2.7',
    sender: 'a@b.example',
    recipient: 'ann@here.example',
    subject: 'hi',
    points: 6,
    reasons: ['no name'],
  };
  const deferral = {
    firstAt: at(1),
    lastAt: at(1),
    until: at(60_001),
    tries: 1,
    returnedAt: at(0),
  };
  open().deferralBooks(about).messages.put('key', deferral);
  journal.flushNow();
  assert.equal(open().deferralBooks(about).messages.find('key')?.until, 60_001);
  assert.deepEqual(ledger.notBack(at(60_001), 5), [], 'its sender may still come in time');
  assert.deepEqual(
    [60_001, 60_002].map((ms) => ledger.countNotBack(at(ms))),
    [0, 1],
  );
  assert.deepEqual(
    ledger.notBack(at(60_002), 5).map(({ sender, tries }) => [sender, tries]),
    [['a@b.example', 1]],
  );
  open()
    .deferralBooks({ ...about, subject: 'hi again' })
    .messages.put('key', { ...about, ...deferral, returnedAt: at(70_000) });
  journal.flushNow();
  assert.equal(ledger.countNotBack(at(60_002)), 0);
  assert.deepEqual(ledger.notBack(at(60_002), 5), []);
});
