/** A notice of a suspension names at most five addresses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { incidentRow } from '../../../test/ledger/samples.ts';
import type { Account } from '../../core/account-name.ts';
import { type AccountFacts, sentFacts } from '../../core/incidents/account-facts.ts';
import { type Millis, minuteMs } from '../../lib/time.ts';
import { type IncidentKnown, nothingKnown, suspensionNotice } from './suspension-notice.ts';

const from = { host: 'h', at: 1 as Millis, iso: (at: Millis) => new Date(at).toISOString() };
const many = Array.from({ length: 40 }, (_, nth) => `r${nth}@x.test`);

const facts: AccountFacts = {
  ...sentFacts(
    many.map((recipient, nth) => ({
      at: nth as Millis,
      client: `203.0.113.${nth % 7}`,
      subject: `Offer ${nth % 6}`,
      recipients: [recipient],
      recipientCount: 1,
    })),
    { networks: [{ network: '203.0.113.0/24', first: 0, last: 9 }], since: minuteMs as Millis },
  ),
  since: minuteMs as Millis,
  lastLogin: { at: 5 as Millis, network: '192.0.2.0/24', address: '192.0.2.7' },
  password: { word: 'not tested', text: 'no password audit has run' },
  answers: [],
  remarks: [],
};
const known = (reached: readonly string[]): IncidentKnown => ({ reached, facts });

test('five recipients, and fewer where the reasons name addresses', () => {
  const plain = incidentRow({ reasons: [] });
  assert.equal(suspensionNotice(plain, known(many), from).reached?.length, 5);
  const numbers = { saw: 1, usual: 0, weight: 1 };
  const identity = { signal: 'new-identity', ...numbers, from: 'ceo@here.test' } as const;
  const named = incidentRow({ reasons: [identity, identity] });
  assert.equal(suspensionNotice(named, known(many), from).reached?.length, 3);
  assert.equal('reached' in suspensionNotice(plain, nothingKnown, from), false);
});

test('facts are the first of more; recipients are told only where none got mail', () => {
  const plain = incidentRow({ reasons: [] });
  const told = suspensionNotice(plain, known([]), from).facts;
  assert.deepEqual([told?.clients.length, told?.clientCount, told?.subjects.length], [5, 7, 5]);
  assert.equal(told?.clients[0]?.networkSince, '1970-01-01T00:00:00.000Z');
  assert.deepEqual(told?.lastLogin?.at, '1970-01-01T00:00:00.005Z');
  assert.equal(told?.recipients.length, 5);
  assert.deepEqual(suspensionNotice(plain, known(many), from).facts?.recipients, []);
  assert.equal('facts' in suspensionNotice(plain, nothingKnown, from), false);
});

test('the release in a notice says what it was; an observed one stopped nothing', () => {
  const real = suspensionNotice(
    incidentRow({ account: "o'neil@x.test" as Account }),
    nothingKnown,
    from,
  );
  assert.equal(real.undo, "postern accounts release 'o'\\''neil@x.test' --hijacked");
  assert.equal(real.falseAlarm, "postern accounts release 'o'\\''neil@x.test' --false-alarm");
  assert.equal('wouldStop' in real, false);
  const counts = { leakedMessages: 3, stoppedMessages: 16, queuedHeld: 0 };
  const observed = suspensionNotice(incidentRow({ observed: true, ...counts }), nothingKnown, from);
  assert.equal(observed.event, 'account.would-suspend');
  assert.deepEqual(observed.stopped, { messages: 0, fromQueue: 0 });
  assert.deepEqual([observed.wouldStop?.messages, observed.leaked.messages], [16, 19]);
  assert.equal(observed.undo, observed.falseAlarm);
});
