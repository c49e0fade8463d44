import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from './load.ts';
import { signingRulesOf } from './values.ts';

test('domains that sign, with names as messages have them', () => {
  const { config } = parseConfig(
    `[signing]
     identity = "Server.example"
     [signing.domains]
     "Customer.test" = "Own.test"
     "*.bücher.test" = "bücher.test"
     "quiet.test" = "off"`,
    'test',
  );
  const { domains, identity } = signingRulesOf(config);
  assert.equal(identity, 'server.example');
  assert.deepEqual(
    [...domains],
    [
      ['customer.test', 'own.test'],
      ['*.xn--bcher-kva.test', 'xn--bcher-kva.test'],
      ['quiet.test', 'off'],
    ],
  );
  const none = signingRulesOf(parseConfig('', 'test').config);
  assert.deepEqual([none.identity, none.domains.size], ['', 0]);
});

for (const [key, line] of [
  ['identity', 'identity = "not a domain"'],
  ['domains', 'domains = { "a b" = "c.test" }'],
  ['domains', 'domains = { "*.*.a.test" = "c.test" }'],
  ['domains', 'domains = { "a.test" = "" }'],
] as const) {
  test(`refused: ${line}`, () => {
    assert.throws(() => parseConfig(`[signing]\n${line}`, 'test'), new RegExp(`signing\\.${key}`));
  });
}
