/** Who the owner is, what owners read, and what people see who look at the account. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, type Millis } from '../../lib/time.ts';
import { newProfile } from '../account/profile.ts';
import { reachLeast } from '../reach/reach.ts';
import { toldLately } from './lately.ts';
import { ownerAddress } from './owner-address.ts';
import { type OwnerEvent, passedOwnerMail } from './owner-texts.ts';
import { passedNumbers, passedReasons } from './passed-notice.ts';

const localDomains = new Set(['here.example', 'mail.here.example', '.wide.example']);
const owners: readonly (readonly [string, string | undefined])[] = [
  ['joe@here.example', 'joe@here.example'],
  ['joe@sub.wide.example', 'joe@sub.wide.example'],
  ['joe', 'joe@mail.here.example'],
  ['joe@elsewhere.example', undefined],
  ['user:joe', undefined],
  ['script:/var/www/shop@here.example', undefined],
  ['client:192.0.2.1', undefined],
  ['local:www-data@here.example', undefined],
  ['joe,eve@here.example', undefined],
  ['joe <eve@here.example', undefined],
  ['a@b@here.example', undefined],
  ['@here.example', undefined],
];
for (const [account, address] of owners) {
  test(`the owner of ${account} reads ${address ?? 'no mail here'}`, () => {
    assert.equal(ownerAddress(account, { localDomains, host: 'mail.here.example' }), address);
  });
}

const facts = {
  account: 'joe@here.example',
  host: 'mail.here.example',
  contact: 'help@here.example',
  at: '2026-02-20 10:00 UTC',
  network: '203.0.113.0/24',
  copies: '37',
};
for (const event of ['account.new-client', 'account.copies'] satisfies OwnerEvent[]) {
  for (const language of ['en', 'de', 'fr', 'es', 'it', 'nl']) {
    test(`owners read all facts of ${event} in ${language}, and no link`, () => {
      const { body, subject } = passedOwnerMail(event, [language], facts);
      const seen = event === 'account.copies' ? '37' : '203.0.113.0/24';
      assert.ok(subject.includes(facts.account) && !subject.includes('\n'));
      for (const fact of [facts.account, facts.at, facts.contact, seen]) {
        assert.ok(body.includes(fact), fact);
      }
      assert.doesNotMatch(`${subject}${body}`, /[{}]|https?:|postern/i);
    });
  }
}

test('owners read English if Postern has no text in a language, and each language once', () => {
  const english = passedOwnerMail('account.copies', ['en'], facts);
  assert.deepEqual(passedOwnerMail('account.copies', ['pl'], facts), english);
  const two = passedOwnerMail('account.copies', ['en', 'pl', 'de'], facts);
  assert.ok(two.subject.startsWith('Was this you?') && two.subject.includes('Waren Sie das?'));
});

test('a notice names only the limits that are crossed, and has all numbers as data', () => {
  const telling = {
    what: 'reach',
    to: ['operator'],
    counts: [57, 90, 300],
    limits: [36, 110, 280],
  } as const;
  assert.deepEqual(
    passedReasons(telling).map(({ text }) => text),
    [
      '57 strangers reached in a day; you are told above 36',
      '300 strangers reached in 30 days; you are told above 280',
    ],
  );
  const numbers = { day: 57, dayLimit: 36, week: 90, weekLimit: 110, month: 300, monthLimit: 280 };
  assert.deepEqual(passedNumbers(telling), numbers);
});

test('what was told in the last 30 days, the newest first', () => {
  const now = (100 * dayMs) as Millis;
  const ago = (days: number): Millis => (now - days * dayMs) as Millis;
  const profile = newProfile(ago(90));
  assert.deepEqual(toldLately(profile, now), []);
  profile.reach.toldAt = ago(3);
  profile.reach.told = [57, 57, 57];
  profile.toldAt.client = ago(1);
  profile.toldAt.copies = ago(31);
  assert.deepEqual(toldLately(profile, now), [
    { what: 'new-client', at: ago(1), text: '' },
    {
      what: 'reach',
      at: ago(3),
      text: `57 strangers reached in a day; you are told above ${reachLeast[0]}`,
    },
  ]);
});
