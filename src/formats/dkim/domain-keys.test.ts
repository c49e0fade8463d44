import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answeredBy } from '../dns/question.ts';
import { txtStrings } from '../dns/record.ts';
import { zoneAnswers } from '../dns/zone-answers.ts';
import { adspMeaning, askLeftOvers, domainKeyField, policyMeaning } from './domain-keys.ts';

const policies = [
  ['o=~', /^a DomainKeys policy: some mail of this domain is signed \(o=~\)\./],
  ['t=y; o=-', /all mail of this domain is signed \(o=-\), signing is being tested \(t=y\)/],
  ['t=y;o=~;r=admin@example.org;n=notes', /some mail/],
  ['o=!', /^a DomainKeys policy\. No receiver/],
  ['v=DKIM1; k=rsa; p=', undefined],
  ['v=spf1 -all', undefined],
  ['hello', undefined],
  ['n=only notes', undefined],
] as const;
for (const [record, want] of policies) {
  test(`policy ${record}`, () => {
    const meaning = policyMeaning(record);
    if (want === undefined) assert.equal(meaning, undefined);
    else assert.match(meaning ?? '', want);
  });
}

test('signing practices', () => {
  assert.match(adspMeaning('dkim=discardable') ?? '', /may be thrown away/);
  assert.match(adspMeaning('dkim=ALL') ?? '', /all mail .* \(dkim=all\)/);
  assert.match(adspMeaning('dkim=other') ?? '', /2013\)\. No receiver/);
  assert.equal(adspMeaning('v=DMARC1; p=none'), undefined);
});

test('what a domain still publishes is asked for in one go', () => {
  const records = [
    ['_domainkey.example.org', 'o=~'],
    ['_adsp._domainkey.example.org', 'dkim=unknown'],
    ['_domainkey.example.com', 'v=spf1 -all'],
  ].map(
    ([name = '', text = '']) =>
      ({ name, ttlSeconds: 60, type: 'TXT', strings: txtStrings(text) }) as const,
  );
  const found = answeredBy(askLeftOvers('example.org'), zoneAnswers(records));
  assert.deepEqual(
    found.map(({ at, found }) => [at, found]),
    [
      ['_domainkey.example.org', 'o=~'],
      ['_adsp._domainkey.example.org', 'dkim=unknown'],
    ],
  );
  assert.deepEqual(answeredBy(askLeftOvers('example.com'), zoneAnswers(records)), []);
});

test('signatures of DomainKeys', () => {
  const value = ' a=rsa-sha1; q=dns; c=nofws;\r\n\ts=brisbane; d=example.org; b=AAAA';
  const found = domainKeyField('DomainKey-Signature', value);
  assert.match(found?.text ?? '', /^a DomainKeys signature of example\.org/);
  assert.equal(found?.found, 'a=rsa-sha1; q=dns; c=nofws; s=brisbane; d=example.org; b=AAAA');
  assert.match(
    domainKeyField('domainkey-signature', '\x07')?.text ?? '',
    /^a DomainKeys signature\. DKIM/,
  );
  assert.equal(domainKeyField('DKIM-Signature', value), undefined);
});
