/** What the answers of lists of addresses mean. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answeredBy } from '../dns/question.ts';
import { zoneAnswers } from '../dns/zone-answers.ts';
import { listedIn, parseAddressList } from './address-lists.ts';

/** Whether the list has the client if it answers with this address. */
function isListed(list: string, address: string): boolean {
  const name = `7.2.0.192.${list.replace(/=.*/, '')}`;
  const answers = zoneAnswers([{ name, type: 'A', address, ttlSeconds: 60 }]);
  return answeredBy(listedIn('192.0.2.7', [list]), answers).lists.length > 0;
}

const rows: readonly (readonly [list: string, address: string, isListed: boolean])[] = [
  ['bl.example', '127.0.0.2', true],
  ['bl.example', '127.0.0.10', true],
  ['bl.example', '127.0.0.1', false],
  ['bl.example', '127.255.255.254', false],
  ['bl.example', '198.51.100.1', false],
  ['zen.spamhaus.org', '127.0.0.4', true],
  ['zen.spamhaus.org', '127.0.0.10', false],
  ['zen.spamhaus.org', '127.0.0.11', false],
  ['key.zen.dq.spamhaus.net', '127.0.0.11', false],
  ['zen.spamhaus.org=127.0.0.[2..11]', '127.0.0.11', true],
  ['list.dnswl.org', '127.0.5.0', true],
  ['list.dnswl.org', '127.0.0.255', false],
  ['bl.example=127.0.0.[2..4;9]', '127.0.0.3', true],
  ['bl.example=127.0.0.[2..4;9]', '127.0.0.9', true],
  ['bl.example=127.0.0.[2..4;9]', '127.0.0.5', false],
  ['bl.example=127.0.[1..3].2', '127.0.2.2', true],
  ['bl.example=127.0.[1..3].2', '127.0.2.3', false],
];
for (const [list, address, wanted] of rows) {
  test(`${list} answers ${address}: ${wanted ? 'listed' : 'not listed'}`, () => {
    assert.equal(isListed(list, address), wanted);
  });
}

test('what is no list', () => {
  for (const text of [
    '',
    'org',
    'bl.example=',
    'bl.example=128.0.0.2',
    'bl.example=127.0.0',
    'b l.x',
  ]) {
    assert.equal(parseAddressList(text), undefined, text);
  }
});
