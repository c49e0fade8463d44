/** Limits of reserved recipients: of one message, of one login and network, and of all together. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Account } from '../../core/account-name.ts';
import { hourMs, type Millis } from '../../lib/time.ts';
import { type Reservation, ReservedRecipients } from './reserved-recipients.ts';

const megabyte = 1_048_576;

function rig() {
  const aborted: Reservation[] = [];
  const all = new ReservedRecipients((reservation) => void aborted.push(reservation));
  let connections = 0;
  const open = (holder: string, at = 0): Reservation => {
    const connection = ++connections;
    const account = holder as Account;
    const of = {
      instance: `${connection}`,
      connection,
      account,
      holder,
      client: '',
      sender: '',
      traits: {},
    };
    all.giveBackOld(connection, at as Millis);
    const made = all.open(of, at as Millis);
    assert.ok(made !== undefined);
    return made;
  };
  /** Adds recipients with long addresses until there is no room; how many. */
  const fill = (reservation: Reservation): number => {
    for (let nth = 0; nth < 60_000; nth++) {
      const address = `${nth}.${'x'.repeat(2_000)}@${reservation.instance}.test`;
      if (!all.add(reservation, address, false)) return nth;
    }
    return 60_000;
  };
  return { all, open, fill, aborted };
}

test('one message has a limit', () => {
  const { all, open } = rig();
  const message = open('joe');
  let taken = 0;
  while (all.add(message, `p${taken}@a.test`, false)) taken++;
  assert.equal(taken, 50_000);
  assert.equal(all.add(open('joe'), 'another@a.test', false), true);
});

test('one login from one network has a limit in all its sessions together', () => {
  const { all, open, fill } = rig();
  fill(open('joe'));
  assert.ok(all.bytes > 15 * megabyte && all.bytes <= 16 * megabyte, `${all.bytes}`);
  assert.equal(fill(open('joe')), 0);
  assert.ok(fill(open('ann')) > 3_000);
});

test('a few who hold all they can leave room for everybody else', () => {
  const { all, open, fill } = rig();
  for (let nth = 0; nth < 10; nth++) fill(open(`thief${nth}`));
  assert.ok(all.bytes < 49 * megabyte, `${all.bytes}`);
  const honest = open('honest');
  for (let nth = 0; nth < 200; nth++) {
    assert.equal(all.add(honest, `friend${nth}@a.test`, false), true);
  }
  for (let nth = 0; nth < 2_000; nth++) fill(open(`more${nth}`));
  assert.ok(all.bytes <= 64 * megabyte, `${all.bytes}`);
});

test('everything is given back, and what was held is no longer counted', () => {
  const { all, open, fill, aborted } = rig();
  const first = open('joe');
  const second = open('joe');
  for (const reservation of [first, second]) {
    for (let nth = 0; nth < 10; nth++) all.add(reservation, `p${nth}@a.test`, nth % 2 === 0);
  }
  assert.equal(all.outside('joe' as Account), 5);
  all.end(first);
  assert.equal(all.outside('joe' as Account), 5, 'the second has them too');
  fill(open('ann'));
  open('bob', 2 * hourMs); // the others are too old by then
  assert.deepEqual([all.size, all.bytes, all.outside('joe' as Account)], [1, 0, 0]);
  assert.deepEqual(
    aborted.map(({ holder }) => holder),
    ['joe', 'ann'],
  );
  all.gone(4, 0 as Millis);
  all.gone(4, 0 as Millis);
  assert.deepEqual([all.size, aborted.length], [0, 3]);
});
