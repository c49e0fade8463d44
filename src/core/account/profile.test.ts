/**
 * What is remembered of an account, stored and read again: the same account, also from what older
 * versions stored.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { home, monday, openServer } from '../../../test/doubles/server.ts';
import { dayMs, hourMs, type Millis } from '../../lib/time.ts';
import { dayOf, decodeProfile, encodeProfile, newProfile, today } from './profile.ts';
import { slots } from './signals.ts';

const stored = (text: string): Record<string, unknown> => JSON.parse(text);

test('stored and read again, an account is the same', () => {
  const message = fc.record({
    strangers: fc.integer({ min: 0, max: 9 }),
    client: fc.ipV4(),
    from: fc.constantFrom('a@b.example', 'c@d.example'),
    fingerprint: fc.string(),
    waitMs: fc.integer({ min: 0, max: 2 * dayMs }),
  });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 20 }), (messages) => {
      const account = openServer().account('ann@here.example');
      for (const { waitMs, ...sent } of messages) account.wait(waitMs).send(sent);
      const text = encodeProfile(account.profile);
      const again = decodeProfile(text, account.profile.book);
      assert.equal(encodeProfile(again), text);
      assert.equal(again.state, account.profile.state);
      assert.equal(again.book, account.profile.book);
      for (let slot = 0; slot < slots.length; slot++) {
        assert.ok(Math.abs((again.sums[slot] ?? 0) - (account.profile.sums[slot] ?? 0)) <= 0.0005);
      }
    }),
    { numRuns: 50 },
  );
});

test('an account that was stored is judged as one that was not', () => {
  const [kept, read] = [0, 1].map(() => openServer().account('ann@here.example').ordinaryDays(20));
  assert.ok(kept !== undefined && read !== undefined);
  Object.assign(read.profile, decodeProfile(encodeProfile(read.profile), read.profile.book));
  for (const account of [kept, read]) account.hijacked(60, 60_000, { strangers: 1, client: home });
  assert.deepEqual(read.verdicts, kept.verdicts);
});

test('the book is not in the text: its rows are stored one by one', () => {
  const account = openServer().account('ann@here.example').ordinaryDays(3);
  assert.equal(stored(encodeProfile(account.profile))['book'], undefined);
});

test('what an older version did not store starts as in a new account', () => {
  const account = openServer().account('ann@here.example').ordinaryDays(9);
  const older = stored(encodeProfile(account.profile));
  for (const name of ['automaticReleases', 'fingerprints', 'usualNetworks', 'hourRecipients']) {
    delete older[name];
  }
  const again = decodeProfile(JSON.stringify(older));
  const { automaticReleases, fingerprints, usualNetworks, hourRecipients } = newProfile(monday);
  assert.deepEqual(
    [again.automaticReleases, again.fingerprints, again.usualNetworks, again.hourRecipients],
    [automaticReleases, fingerprints, usualNetworks, hourRecipients],
  );
  assert.equal(again.firstSeen, account.profile.firstSeen);
});

test('slots that an older version did not have are zero, those of a newer one are left out', () => {
  const account = openServer().account('ann@here.example').ordinaryDays(9);
  const text = encodeProfile(account.profile);
  const fewer = stored(text);
  const more = stored(text);
  for (const name of ['sums', 'peaks']) {
    fewer[name] = (fewer[name] as number[]).slice(0, 12);
    more[name] = [...(more[name] as number[]), 99, 99, 99];
  }
  const narrow = decodeProfile(JSON.stringify(fewer));
  assert.equal(narrow.sums.length, slots.length);
  assert.deepEqual(
    [...narrow.peaks.slice(12)],
    Array.from({ length: slots.length - 12 }, () => 0),
  );
  assert.deepEqual(decodeProfile(JSON.stringify(more)), decodeProfile(text));
});

test('a day has one bucket, and a clock that was set back goes on in the newest', () => {
  const profile = newProfile(monday);
  const at = (ms: number): Millis => (monday + ms) as Millis;
  const first = dayOf(profile, at(hourMs));
  assert.equal(dayOf(profile, at(23 * hourMs)), first);
  const second = dayOf(profile, at(25 * hourMs));
  assert.notEqual(second, first);
  assert.equal(dayOf(profile, at(23 * hourMs)), second);
  second.recipients = 5;
  assert.equal(today(profile, at(23 * hourMs)).recipients, 5);
  assert.equal(today(profile, at(49 * hourMs)).recipients, 0);
});

test('a bucket of days to come is dropped when the clock is right again', () => {
  const profile = newProfile(monday);
  dayOf(profile, (monday + 400 * dayMs) as Millis).recipients = 9;
  const day = dayOf(profile, (monday + dayMs) as Millis);
  assert.deepEqual([day.recipients, profile.days.length], [0, 1]);
});
