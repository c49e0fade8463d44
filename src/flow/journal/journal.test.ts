import assertStrict from 'node:assert/strict';
import { test } from 'node:test';
import { inboundRow } from '../../../test/doubles/inbound.ts';
import { journalRig } from '../../../test/ledger/journal-rig.ts';
import {
  accountOf,
  ann,
  at,
  heldRow,
  incidentRow,
  joe,
  messageRow,
  storyRow,
} from '../../../test/ledger/samples.ts';
import type { Account } from '../../core/account-name.ts';
import type { Change } from '../../ports/ledger.ts';
import { softAccountsMax, softRowsMax } from './pending-changes.ts';

function message(number: number): Change {
  return { kind: 'message', row: messageRow({ queueId: `M${number}`, at: at(number) }) };
}

const held: Change = { kind: 'held', row: heldRow() };

test('a soft change waits for the tick, then is written softly', () => {
  const { journal, writes, pass, turnsUntilQuiet } = journalRig();
  journal.add(message(1));
  turnsUntilQuiet();
  assertStrict.deepEqual(writes, []);
  pass(250);
  turnsUntilQuiet();
  assertStrict.deepEqual(writes, [{ kinds: ['message'], durable: false }]);
});

test('commits of one turn share one durable write, and are answered after it', () => {
  const { journal, writes, turn } = journalRig();
  const answers: boolean[] = [];
  for (const queueId of ['A', 'B', 'C']) {
    journal.commit([{ kind: 'held', row: heldRow({ queueId }) }], (kept) => answers.push(kept));
  }
  assertStrict.deepEqual(answers, [], 'never before the write');
  turn();
  assertStrict.deepEqual(writes, [{ kinds: ['held', 'held', 'held'], durable: true }]);
  assertStrict.deepEqual(answers, [true, true, true]);
});

test('what came before a commit is written before it, and its own account with it', () => {
  const { journal, ledger, turnsUntilQuiet } = journalRig();
  for (let number = 1; number <= 250; number += 1) journal.add(message(number));
  journal.add(accountOf(joe, { profile: 'older', learned: [1, 10, 2, 10] }));
  journal.add(accountOf(ann, { profile: 'unrelated' }));
  let seen: unknown;
  journal.commit([accountOf(joe, { profile: 'newer', state: 'suspended', forgotten: [2] })], () => {
    const record = ledger.loadAccount(joe);
    const messages = ledger.messagesOf(joe, at(0), 999).length;
    seen = { messages, profile: record?.profile, book: [...(record?.recipients ?? [])] };
  });
  turnsUntilQuiet();
  assertStrict.deepEqual(seen, { messages: 250, profile: 'newer', book: [1] });
});

test('many changes of an account become one, and an older one never overwrites a newer', () => {
  const { journal, ledger, writes, pass, turnsUntilQuiet } = journalRig();
  for (let number = 1; number <= 100; number += 1) {
    journal.add(
      accountOf(joe, { profile: `${number}`, learned: [number, 5], forgotten: [number - 50] }),
    );
  }
  journal.commit([accountOf(joe, { profile: 'committed' })], () => {});
  journal.add(accountOf(joe, { profile: 'latest' }));
  pass(250);
  turnsUntilQuiet();
  assertStrict.deepEqual(
    writes.map(({ kinds }) => kinds.join()),
    ['account', 'account'],
  );
  assertStrict.equal(ledger.loadAccount(joe)?.profile, 'latest');
  assertStrict.equal(ledger.loadAccount(joe)?.recipients.length, 50);
});

test('a thousand messages are written in slices, one a turn', () => {
  const { journal, writes, pass, turnsUntilQuiet } = journalRig();
  for (let number = 1; number <= 1_000; number += 1) journal.add(message(number));
  pass(250);
  assertStrict.ok(turnsUntilQuiet() >= 10);
  assertStrict.ok(writes.every(({ kinds }) => kinds.length <= 100));
  assertStrict.equal(writes.flatMap(({ kinds }) => kinds).length, 1_000);
});

test('a busy guard writes full slices at once, and the rest at the tick', () => {
  const { journal, writes, turnsUntilQuiet, pass } = journalRig();
  const rows = (): readonly number[] => writes.map(({ kinds }) => kinds.length);
  for (let number = 1; number <= 99; number += 1) journal.add(message(number));
  turnsUntilQuiet();
  assertStrict.deepEqual(rows(), []);
  for (let number = 100; number <= 140; number += 1) journal.add(message(number));
  turnsUntilQuiet();
  assertStrict.deepEqual(rows(), [100]);
  pass(250);
  turnsUntilQuiet();
  assertStrict.deepEqual(rows(), [100, 40]);
});

test('a message that comes while slices are written waits for the next tick', () => {
  const { journal, writes, pass, turn, turnsUntilQuiet } = journalRig();
  journal.add(message(1));
  pass(250);
  turn();
  journal.add(message(2));
  turnsUntilQuiet();
  assertStrict.equal(writes.length, 1);
});

test('accounts are spread over ticks, all of them written in the end', () => {
  const { journal, ledger, writes, pass, turnsUntilQuiet } = journalRig();
  for (let n = 0; n < 1_000; n += 1) journal.add(accountOf(`a${n}@example.org` as Account));
  pass(250);
  turnsUntilQuiet();
  const first = writes.flatMap(({ kinds }) => kinds).length;
  assertStrict.ok(first >= 100 && first <= 300, `${first} in the first tick`);
  for (let ticks = 0; ticks < 20; ticks += 1) {
    pass(250);
    turnsUntilQuiet();
  }
  assertStrict.equal(ledger.countAccounts(), 1_000);
});

test('a failing disk: one alarm, answered in time, kept, written when there is room', () => {
  const { journal, ledger, states, breakDisk, pass, turnsUntilQuiet } = journalRig();
  const answers: boolean[] = [];
  breakDisk(true);
  journal.commit([accountOf(joe, { state: 'suspended' }), held, message(1)], (kept) => {
    answers.push(kept);
  });
  turnsUntilQuiet();
  assertStrict.deepEqual(states, ['failing']);
  assertStrict.deepEqual(journal.state(), { state: 'failing', why: 'the disk is full' });
  for (let second = 1; second <= 3; second += 1) pass(1_000);
  assertStrict.deepEqual(answers, [], 'room may come within seconds');
  pass(1_000);
  assertStrict.deepEqual(answers, [false]);
  assertStrict.equal(journal.live.loadAccount(joe)?.state, 'suspended', 'known here all the same');
  assertStrict.equal(journal.live.countHeld(), 1);
  breakDisk(false);
  pass(1_000);
  turnsUntilQuiet();
  assertStrict.deepEqual(states, ['failing', 'ok']);
  assertStrict.deepEqual(answers, [false], 'nobody is answered twice');
  assertStrict.equal(ledger.loadAccount(joe)?.state, 'suspended');
  assertStrict.equal(ledger.countHeld(), 1);
  assertStrict.ok(ledger.message('M1'));
});

test('all that waited is written without waiting for a tick, soft accounts at the next', () => {
  const { journal, ledger, breakDisk, pass, turnsUntilQuiet } = journalRig();
  breakDisk(true);
  journal.commit([accountOf(joe, { state: 'suspended' })], () => {});
  turnsUntilQuiet();
  for (let second = 1; second <= 4; second += 1) pass(1_000);
  for (let number = 1; number <= 500; number += 1) journal.add(message(number));
  journal.add(accountOf(ann));
  breakDisk(false);
  pass(1_000);
  turnsUntilQuiet();
  assertStrict.equal(ledger.messagesOf(joe, at(0), 999).length, 500);
  pass(250);
  turnsUntilQuiet();
  assertStrict.ok(ledger.loadAccount(ann));
});

test('the alarm ends also when nothing is left to write', () => {
  const { journal, states, breakDisk, pass, turnsUntilQuiet } = journalRig();
  breakDisk(true);
  journal.add(accountOf(joe, { learned: [Number.NaN, 1] }));
  journal.flushNow();
  breakDisk(false);
  pass(1_000);
  pass(1_000);
  turnsUntilQuiet();
  assertStrict.deepEqual(states, ['failing', 'ok']);
});

test('once it has failed for long, a new commit is answered at once', () => {
  const { journal, breakDisk, pass, turnsUntilQuiet } = journalRig();
  breakDisk(true);
  journal.add(message(1));
  pass(250);
  turnsUntilQuiet();
  for (let second = 1; second <= 5; second += 1) pass(1_000);
  const answers: boolean[] = [];
  journal.commit([held], (kept) => answers.push(kept));
  turnsUntilQuiet();
  assertStrict.deepEqual(answers, [false]);
  assertStrict.equal(journal.live.countHeld(), 1);
});

test('a disk that comes back within seconds keeps the promise late', () => {
  const { journal, breakDisk, pass, turnsUntilQuiet } = journalRig();
  const answers: boolean[] = [];
  breakDisk(true);
  journal.commit([held], (kept) => answers.push(kept));
  turnsUntilQuiet();
  pass(1_000);
  breakDisk(false);
  pass(1_000);
  assertStrict.deepEqual(answers, [true]);
});

test('while it fails, what explains is bounded, oldest first; what was decided stays', () => {
  const { journal, ledger, dropped, breakDisk, pass, turnsUntilQuiet } = journalRig();
  breakDisk(true);
  journal.add({ kind: 'incident', row: incidentRow() });
  journal.commit([held, { kind: 'story', row: storyRow() }], () => {});
  turnsUntilQuiet();
  for (let second = 1; second <= 4; second += 1) pass(1_000);
  journal.add(accountOf(joe, { state: 'suspended' }));
  for (let n = 0; n < softRowsMax + 5; n += 1) journal.add(message(n));
  for (let n = 0; n < softAccountsMax + 5; n += 1) journal.add(accountOf(`a${n}` as Account));
  assertStrict.equal(dropped(), 12, 'six rows, the story among them, and six accounts');
  breakDisk(false);
  assertStrict.equal(journal.flushNow(), true);
  assertStrict.equal(ledger.countHeld(), 1);
  assertStrict.equal(ledger.incidents({ limit: 9 }).length, 1);
  assertStrict.equal(ledger.loadAccount(joe)?.state, 'suspended');
  assertStrict.equal(ledger.story('4ZStory1'), undefined);
  assertStrict.equal(ledger.message('M4'), undefined);
  assertStrict.ok(ledger.message('M5'));
});

test('while it fails, notes of incoming mail that passed are bounded; what waited stays', () => {
  const { journal, ledger, dropped, breakDisk } = journalRig();
  breakDisk(true);
  journal.add({ kind: 'inbound', row: inboundRow({ queueId: 'WAITED', state: 'released' }) });
  for (let n = 0; n < softRowsMax + 5; n += 1) {
    journal.add({ kind: 'inbound', row: inboundRow({ queueId: `J${n}`, state: 'junk' }) });
  }
  assertStrict.equal(dropped(), 5);
  breakDisk(false);
  assertStrict.equal(journal.flushNow(), true);
  assertStrict.equal(ledger.inboundOne('WAITED')?.state, 'released');
  assertStrict.equal(ledger.inboundOne('J4'), undefined);
  assertStrict.ok(ledger.inboundOne('J5'));
});

test('a change that is our mistake is given up alone', () => {
  const { journal, ledger, logged, states, dropped, turnsUntilQuiet } = journalRig();
  const answers: [string, boolean][] = [];
  journal.commit([held], (kept) => answers.push(['good', kept]));
  journal.commit([accountOf(joe, { learned: [Number.NaN, 1] })], (kept) =>
    answers.push(['bad', kept]),
  );
  journal.commit([accountOf(ann)], (kept) => answers.push(['good too', kept]));
  turnsUntilQuiet();
  assertStrict.deepEqual(answers, [
    ['good', true],
    ['bad', false],
    ['good too', true],
  ]);
  assertStrict.deepEqual(logged, ['ledger.change-refused']);
  assertStrict.deepEqual([states, dropped()], [[], 1]);
  assertStrict.equal(ledger.loadAccount(joe), undefined);
  assertStrict.ok(ledger.loadAccount(ann));
});

test('who is answered may write again, flush, or throw', () => {
  const { journal, ledger, logged, turnsUntilQuiet } = journalRig();
  journal.commit([held], () => {
    journal.commit([accountOf(joe)], () => {});
    journal.flushNow();
  });
  journal.commit([{ kind: 'meta', key: 'a', value: 'b' }], () => {
    throw new Error('broken listener');
  });
  journal.commit([accountOf(ann)], () => {});
  turnsUntilQuiet();
  assertStrict.equal(ledger.countAccounts(), 2);
  assertStrict.deepEqual(logged, ['ledger.answer-failed']);
});

test('the alarm itself may be committed and flushed from where it is told', () => {
  const { journal, ledger, states, breakDisk, pass, turnsUntilQuiet } = journalRig(
    (alarmed, state) => {
      alarmed.commit([{ kind: 'meta', key: state, value: 'told' }], () => {});
      alarmed.flushNow();
    },
  );
  breakDisk(true);
  journal.commit([held], () => {});
  turnsUntilQuiet();
  breakDisk(false);
  pass(1_000);
  turnsUntilQuiet();
  assertStrict.deepEqual(states, ['failing', 'ok']);
  assertStrict.deepEqual([ledger.meta('failing'), ledger.meta('ok')], ['told', 'told']);
  assertStrict.equal(ledger.countHeld(), 1);
});

test('closing writes all and answers all, whether or not the disk works', () => {
  for (const broken of [false, true]) {
    const { journal, ledger, breakDisk, logged } = journalRig();
    const answers: boolean[] = [];
    breakDisk(broken);
    journal.add(message(1));
    journal.add(accountOf(ann));
    journal.commit([held], (kept) => answers.push(kept));
    journal.close();
    assertStrict.deepEqual(answers, [!broken]);
    assertStrict.equal(ledger.countAccounts(), broken ? 0 : 1);
    assertStrict.equal(logged.includes('ledger.lost'), broken);
    assertStrict.throws(() => journal.add(message(2)), { name: 'Bug' });
  }
});

test('pruning goes on, a slice a tick, until nothing old is left', () => {
  const { journal, ledger, pass, turnsUntilQuiet } = journalRig();
  for (let number = 1; number <= 1_000; number += 1) journal.add(message(number));
  journal.flushNow();
  journal.prune({
    messages: at(901),
    stories: at(0),
    statistics: at(0),
    deferred: at(0),
    imports: at(0),
    known: [],
  });
  pass(250);
  const after = ledger.messagesOf(joe, at(0), 9_999).length;
  assertStrict.ok(after > 100 && after < 1_000, `${after} left after one slice`);
  for (let ticks = 0; ticks < 10; ticks += 1) pass(250);
  turnsUntilQuiet();
  assertStrict.equal(ledger.messagesOf(joe, at(0), 9_999).length, 100);
});
