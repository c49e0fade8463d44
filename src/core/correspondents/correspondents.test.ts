/** Who is no stranger, which domains many write to, and which links are known. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, hourMs, type Millis } from '../../lib/time.ts';
import type { Account } from '../account-name.ts';
import type { MailReceived, Submission } from '../event.ts';
import { commonDomainAccounts, wroteFirstDays } from './correspondents.ts';
import { useKeptDays } from './domain-use.ts';
import { correspondentsInMemory } from './in-memory.ts';

const start = (20_000 * dayMs) as Millis;
const ann = 'ann@here.test' as Account;
const carol = 'carol@far.example';

function rig() {
  let now = start;
  const known = correspondentsInMemory(() => now);
  const receive = (more: Partial<MailReceived> = {}): void =>
    known.received({
      kind: 'receive',
      at: now,
      account: ann,
      sender: carol,
      proved: true,
      wanted: true,
      messageId: '',
      ...more,
    });
  const send = (account: string, to: readonly string[], links: readonly string[] = []): void => {
    const message: Submission = {
      kind: 'send',
      id: '',
      at: now,
      account: account as Account,
      outside: to,
      local: [],
      traits: { links },
    };
    known.passed(message, true);
  };
  return {
    known,
    receive,
    send,
    pass(ms: number) {
      now = (now + ms) as Millis;
    },
    get now() {
      return now;
    },
  };
}

test('who wrote proved mail that is no spam is no stranger to this mailbox, for 60 days', () => {
  const of = rig();
  of.receive();
  assert.equal(of.known.wroteFirst(ann, carol), true);
  assert.equal(of.known.wroteFirst('joe@here.test' as Account, carol), false, 'another mailbox');
  assert.equal(of.known.wroteFirst(ann, 'dave@far.example'), false, 'another of the domain');
  of.pass((wroteFirstDays - 1) * dayMs);
  assert.equal(of.known.wroteFirst(ann, carol), true);
  of.pass(dayMs);
  assert.equal(of.known.wroteFirst(ann, carol), false);
  of.receive();
  assert.equal(of.known.wroteFirst(ann, carol), true, 'again');
});

test('forged mail, spam and the null sender make nobody known', () => {
  const of = rig();
  for (const more of [{ proved: false }, { wanted: false }, { sender: '' }]) {
    of.receive(more);
    assert.equal(of.known.wroteFirst(ann, more.sender ?? carol), false, JSON.stringify(more));
  }
});

test('all spellings of an address are one', () => {
  const of = rig();
  of.receive({ sender: 'Carol@F\u00e4r.example' });
  assert.equal(of.known.wroteFirst(ann, 'carol@xn--fr-via.example'), true);
  assert.equal(of.known.wroteFirst(ann, '"carol"@f\u00e4r.example'), true);
});

test('people who wrote to an address that the account writes as are no strangers to it', () => {
  const of = rig();
  of.receive({ account: 'info@here.test' as Account });
  assert.equal(of.known.wroteFirst(ann, carol), false);
  assert.equal(of.known.wroteFirst(ann, carol, 'info@here.test'), true);
  assert.equal(of.known.wroteFirst(ann, carol, ''), false);
});

test('a time that was wrong by months makes nobody known for longer', () => {
  const of = rig();
  of.pass(365 * dayMs);
  of.receive();
  of.pass(-365 * dayMs);
  of.receive();
  of.pass(wroteFirstDays * dayMs);
  assert.equal(of.known.wroteFirst(ann, carol), false);
});

test('a domain is common once many accounts have written to it', () => {
  const of = rig();
  for (let nth = 1; nth < commonDomainAccounts; nth++) {
    of.send(`user${nth}@here.test`, [carol, 'x@other.example']);
    of.send(`user${nth}@here.test`, [carol]);
  }
  assert.equal(of.known.isCommonDomain('far.example'), false);
  of.send('last@here.test', ['y@far.example']);
  assert.deepEqual(
    ['far.example', 'other.example', 'sub.far.example'].map((name) =>
      of.known.isCommonDomain(name),
    ),
    [true, false, false],
  );
  of.pass(useKeptDays * dayMs);
  assert.equal(of.known.isCommonDomain('far.example'), false);
});

test('a link is known after two days, or at once when three accounts sent it', () => {
  const of = rig();
  const isKnown = (): boolean => of.known.isKnownLink('Shop.example', of.now);
  assert.equal(isKnown(), true, 'nothing is noted yet');
  of.send('z@here.test', [], ['old.example']);
  assert.equal(isKnown(), true, 'links are noted since today');
  of.pass(48 * hourMs);
  assert.equal(isKnown(), false);
  of.send('a@here.test', [], ['shop.example']);
  assert.equal(isKnown(), false);
  of.pass(47 * hourMs);
  of.send('a@here.test', [], ['SHOP.example']);
  assert.equal(isKnown(), false);
  of.pass(hourMs);
  assert.equal(isKnown(), true);
  const other = rig();
  other.send('z@here.test', [], ['old.example']);
  other.pass(48 * hourMs);
  for (const [account, wanted] of [
    ['a@here.test', false],
    ['b@here.test', false],
    ['c@here.test', true],
  ] as const) {
    other.send(account, [], ['shop.example']);
    assert.equal(other.known.isKnownLink('shop.example', other.now), wanted, account);
  }
});
