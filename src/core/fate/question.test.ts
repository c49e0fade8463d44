/** What a person typed who looks for a message. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guessedWords, guesses } from './question.ts';

const cases: readonly (readonly [string, string])[] = [
  ['anna@example.org', 'recipient, sender, account, messageId'],
  [' Anna@Example.ORG ', 'recipient, sender, account, messageId'],
  ['<20260303.1@mail.example.org>', 'messageId, recipient, sender'],
  ['4bXm2R7hQzz2', 'queueId, subject'],
  ['3F2A91C04E', 'queueId, subject'],
  ['1rZ4aB-000000005Xy-1kQz', 'queueId, subject'],
  ['192.0.2.7', 'client, account'],
  ['2001:db8::7', 'client, account'],
  ['client:192.0.2.7', 'account'],
  ['local:www-data@host', 'account'],
  ['/var/www/shop/contact.php', 'script, account'],
  ['script:/var/www/shop/contact.php', 'account, script'],
  ['your parcel', 'subject'],
  ['joe', 'account, subject'],
  ['Rechnung', 'account, subject'],
  ['   ', ''],
];
for (const [typed, want] of cases) {
  test(`“${typed}” may be ${want}`, () => {
    assert.equal(
      guesses(typed)
        .map(({ field }) => field)
        .join(', '),
      want,
    );
  });
}

test('a Message-ID and a script lose what is not part of them', () => {
  assert.equal(guesses('<a.B@c>')[0]?.value, 'a.B@c');
  assert.equal(guesses('script:/x.php')[1]?.value, '/x.php');
  assert.equal(guesses('Anna@Example.ORG')[0]?.value, 'Anna@example.org'.toLowerCase());
});

test('the guesses in words', () => {
  assert.equal(
    guessedWords(guesses('anna@example.org')),
    'recipient, sender, account or Message-ID',
  );
  assert.equal(guessedWords(guesses('your parcel')), 'subject');
});
