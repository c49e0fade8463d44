/** Contacts from the events of old logs: recipients of a login, without bounces and a thief's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noCeilings } from '../../core/account/policy.ts';
import type { Account } from '../../core/account-name.ts';
import { dayMs, type Millis, secondMs } from '../../lib/time.ts';
import { type LoggedContacts, openLoggedContacts } from './logged-contacts.ts';

const start = Date.UTC(2026, 0, 5, 9);
const joe = 'joe@here.test' as Account;

function open(more: Partial<Parameters<typeof openLoggedContacts>[0]> = {}): LoggedContacts {
  return openLoggedContacts({ policy: noCeilings, only: undefined, unusual: false, ...more });
}

/** A message, so many days after the start. */
function sent(logged: LoggedContacts, days: number, to: readonly string[], account: string): void {
  const at = (start + days * dayMs) as Millis;
  const of = { kind: 'send', id: `m${days}`, at, account: account as Account, local: [] } as const;
  logged.replay.apply({ ...of, outside: to });
}

test('each login has its own; clients, scripts and users of the machine have none', () => {
  const logged = open();
  sent(logged, 0, ['a@w.test', 'b@w.test'], joe);
  sent(logged, 1, ['a@w.test', 'unnamed-1@4abc.invalid', 'postmaster'], joe);
  sent(logged, 2, ['c@w.test'], 'ann@here.test');
  for (const name of ['client:192.0.2.1', 'local:www@host', 'user:www']) {
    sent(logged, 3, ['d@w.test'], name);
  }
  const { contacts, others } = logged.result();
  assert.deepEqual(
    [...contacts],
    [
      [joe, ['a@w.test', 'b@w.test']],
      ['ann@here.test', ['c@w.test']],
    ],
  );
  assert.equal(others, 3);
});

test('only one account, if one is named', () => {
  const logged = open({ only: joe });
  sent(logged, 0, ['a@w.test'], joe);
  sent(logged, 1, ['b@w.test'], 'ann@here.test');
  assert.deepEqual([...logged.result().contacts.keys()], [joe]);
});

test('who only ever bounced is left out', () => {
  const logged = open();
  const bounced = (days: number, recipient: string): void => {
    const at = (start + days * dayMs + secondMs) as Millis;
    const of = { kind: 'delivery', id: `m${days}`, at, recipient } as const;
    logged.replay.apply({ ...of, outcome: 'bounced', reply: '550 5.1.1 no such user' });
  };
  sent(logged, 0, ['a@w.test', 'gone@w.test'], joe);
  bounced(0, 'gone@w.test');
  sent(logged, 1, ['a@w.test'], joe);
  bounced(1, 'a@w.test');
  const { bounced: count, contacts } = logged.result();
  assert.deepEqual([contacts.get(joe), count], [['a@w.test'], 1]);
});

test('the victims of an old hijack stay strangers', () => {
  const play = (unusual: boolean) => {
    const logged = open({ unusual });
    for (let day = 0; day < 20; day++) sent(logged, day, [`friend${day % 4}@w.test`], joe);
    for (let nth = 0; nth < 400; nth++) {
      sent(logged, 20 + nth / 20_000, [`victim${nth}@strangers.test`], joe);
    }
    return logged.result();
  };
  const { contacts, unusual } = play(false);
  const victims = contacts.get(joe)?.filter((one) => one.startsWith('victim')) ?? [];
  assert.ok(victims.length < 20, `${victims.length} of 400`);
  assert.ok((unusual.get(joe) ?? 0) > 380);
  assert.equal(play(true).contacts.get(joe)?.length, 404, 'unless the operator wants them');
});
