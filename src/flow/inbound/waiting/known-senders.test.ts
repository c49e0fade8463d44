import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quietWorld } from '../../../../test/doubles/world.ts';
import { ManualTime } from '../../../../test/ledger/manual-time.ts';
import type { Account } from '../../../core/account-name.ts';
import { inMemory, openLedger } from '../../../ledger/sqlite/open.ts';
import { hash53 } from '../../../lib/hash.ts';
import type { Millis } from '../../../lib/time.ts';
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
  const open = () => new KnownSenders({ journal, ledger, allowed, seed: () => seed });
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
  assert.equal(ledger.countAtRisk(), 1);
  assert.deepEqual(
    ledger.deferred({ atRisk: true, limit: 5 }).map(({ sender, tries }) => [sender, tries]),
    [['a@b.example', 1]],
  );
  open()
    .deferralBooks({ ...about, subject: 'hi again' })
    .messages.put('key', { ...about, ...deferral, returnedAt: at(70_000) });
  journal.flushNow();
  assert.equal(ledger.deferred({ atRisk: false, limit: 5 })[0]?.subject, 'hi again');
  assert.equal(ledger.countAtRisk(), 0);
  assert.deepEqual(ledger.deferred({ atRisk: true, limit: 5 }), []);
});
