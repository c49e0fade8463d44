/** What replies to an account's mail count: as one kind of evidence among others, never alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openServer, type ScriptedAccount } from '../../../test/doubles/server.ts';
import { decodeProfile, encodeProfile } from '../account/profile.ts';
import { suspendAt } from '../account/signals.ts';
import type { SenderAnswer } from '../event.ts';

const ann = (): ScriptedAccount => openServer().account('ann@here.example').ordinaryDays(28);
const provider = (site: string, about: SenderAnswer['about'] = 'content'): SenderAnswer => ({
  about,
  site,
  isProvider: true,
});
const other = (site: string): SenderAnswer => ({ about: 'content', site, isProvider: false });
const many = (count: number, answer: (nth: number) => SenderAnswer): readonly SenderAnswer[] =>
  Array.from({ length: count }, (_, nth) => answer(nth));

const large = ['google', 'yahoo', 'apple', 'orange'];
const kinds = [
  ['nobody', [], 'watched'],
  ['two large providers', many(20, (nth) => provider(large[nth % 2] ?? '')), 'suspended'],
  ['one large provider', many(60, () => provider('google')), 'watched'],
  ['many sites that anybody can own', many(90, (nth) => other(`own${nth}.example`)), 'watched'],
  [
    'large providers, only the amount',
    many(400, (nth) => provider(large[nth % 4] ?? '', 'rate')),
    'watched',
  ],
  ['two providers, once each', many(2, (nth) => provider(large[nth] ?? '')), 'watched'],
] as const;
for (const [who, answers, state] of kinds) {
  test(`numbers of a suspension, refused by ${who}: ${state}`, () => {
    const account = ann();
    for (const answer of answers) account.refuse(answer);
    const judged = account.send({ strangers: 80 });
    assert.ok(judged.evidence >= suspendAt);
    assert.deepEqual([judged.verdict, judged.state], ['hold', state]);
    const named = judged.reasons.some(({ signal }) => signal === 'provider-replies');
    if (state === 'suspended') assert.ok(named, 'the reason is told');
  });
}

test('refusals alone hold, and never suspend', () => {
  const account = ann();
  for (const answer of many(400, (nth) => provider(large[nth % 4] ?? ''))) account.refuse(answer);
  const judged = account.send({ to: account.friends(1) });
  assert.deepEqual([judged.verdict, judged.state], ['hold', 'watched']);
});

test('nobody who owns few domains can have an honest account held', () => {
  const account = ann();
  for (const answer of many(400, (nth) => other(`own${nth % 4}.example`))) account.refuse(answer);
  assert.equal(account.send({ to: account.friends(1) }).verdict, 'pass');
});

test('refusals fade, and those of answered mail count a tenth', () => {
  const refused = many(12, (nth) => provider(large[nth % 3] ?? ''));
  const evidence = (wroteFirst: boolean, days: number): number => {
    const account = ann();
    for (const answer of refused) account.refuse(answer, wroteFirst);
    return account.hours(24 * days).send({ to: account.friends(1) }).evidence;
  };
  assert.ok(evidence(true, 0) < 0.2 * evidence(false, 0));
  assert.ok(evidence(false, 9) < 0.1 * evidence(false, 0));
});

test('after a person has called the mail honest, its refusals do not count', () => {
  const account = ann();
  account.send({ strangers: 80 });
  account.release({ honest: true });
  const before = account.send({ to: account.friends(1) }).evidence;
  for (const answer of many(90, (nth) => provider(large[nth % 4] ?? ''))) {
    account.refuse(answer, false, account.profile.vouchedAt);
  }
  assert.ok(account.send({ to: account.friends(1) }).evidence <= before + 0.1);
});

test('a profile of an earlier version has no refusals, and an unlimited number keeps few', () => {
  const account = ann();
  for (const answer of many(90, (nth) => other(`own${nth}.example`))) account.refuse(answer);
  assert.ok(account.profile.refusingSites.length <= 32);
  const stored = JSON.parse(encodeProfile(account.profile)) as Record<string, unknown>;
  delete stored['refusingSites'];
  stored['sums'] = (stored['sums'] as number[]).slice(0, 27);
  const read = decodeProfile(JSON.stringify(stored));
  assert.deepEqual(read.refusingSites, []);
  assert.equal(read.sums.length, account.profile.sums.length);
});
