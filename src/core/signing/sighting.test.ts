import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DnsAnswer } from '../../formats/dns/question.ts';
import { txtStrings } from '../../formats/dns/record.ts';
import { isKeyName, recordText } from './key.ts';
import { sightingOf } from './sighting.ts';

const key = { algorithm: 'rsa-sha256', publicKey: 'MIIBIjAN+/=' } as const;
const none: DnsAnswer = { kind: 'none', exists: false, secure: false };
const silent: DnsAnswer = { kind: 'failure', reason: 'timeout', text: 'no answer in 2 s' };
const txt = (...texts: readonly string[]): DnsAnswer => ({
  kind: 'records',
  secure: false,
  records: texts.map((text) => ({
    type: 'TXT',
    name: 's._domainkey.example.org',
    ttlSeconds: 7_200,
    strings: txtStrings(text),
  })),
});
const right = txt(recordText(key));
const seen = (...answers: readonly DnsAnswer[]): string => {
  const servers = answers.map((answer, n) => ({ server: `ns${n}`, answer }));
  const { kind, cachedMs, text } = sightingOf(key, servers, 3_600_000);
  return `${kind} ${cachedMs / 3_600_000} h ${text}`.trim();
};

const cases = [
  ['both', [right, right], 'everywhere 1 h'],
  ['one lags', [right, none], 'partly 2 h ns1: no record'],
  ['neither', [none, none], 'nowhere 1 h ns0: no record; ns1: no record'],
  ['one is silent', [right, silent], 'unknown 2 h ns1: no answer in 2 s'],
  ['nobody to ask', [], 'unknown 0 h no server to ask'],
  ['revoked', [txt('v=DKIM1; p='), none], 'revoked 2 h ns0: revoked (an empty p=); ns1: no record'],
  ['white space', [txt('v = DKIM1;k=rsa ; p= MIIB IjAN\t+/= ; n=x')], 'everywhere 1 h'],
  ['no k', [txt('p=MIIBIjAN+/=')], 'everywhere 1 h'],
  ['another key', [txt('v=DKIM1; p=AAAA')], 'other 2 h ns0: another key: v=DKIM1; p=AAAA'],
  ['another type', [txt('k=ed25519; p=MIIBIjAN+/=')], /^other .*another key/],
  ['two records', [txt('p=MIIBIjAN+/=', 'x')], 'other 2 h ns0: 2 records where one may be'],
  ['not a key', [txt('\u001b[31mhello')], 'other 2 h ns0: not a key: ?[31mhello'],
] as const;
for (const [name, answers, want] of cases) {
  test(name, () => {
    if (typeof want === 'string') assert.equal(seen(...answers), want);
    else assert.match(seen(...answers), want);
  });
}

test('names of domains and selectors that may become names of files', () => {
  for (const good of ['example.org', 'xn--bcher-kva.example', 'a_b', '2026', 'x.y']) {
    assert.ok(isKeyName(good), good);
  }
  for (const bad of ['', '.', '..', 'a..b', '.a', 'a/b', 'A', 'a b', '-a', 'a-', 'ä', 'a\n']) {
    assert.ok(!isKeyName(bad), bad);
  }
  assert.ok(!isKeyName('a.'.repeat(120)));
});

test('the record, and the record of a revoked key', () => {
  assert.equal(recordText(key), 'v=DKIM1; k=rsa; p=MIIBIjAN+/=');
  assert.equal(
    recordText({ ...key, algorithm: 'ed25519-sha256' }, 'revoked'),
    'v=DKIM1; k=ed25519; p=',
  );
});
