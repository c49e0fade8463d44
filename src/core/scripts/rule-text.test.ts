/** Rules as people read and type them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { scriptRule, shop } from '../../../test/doubles/mail.ts';
import { entriesOf, entryOf, ruleText, ruleWords } from './rule-text.ts';

const owner = 'owner@shop.example';
const cases = [
  [
    scriptRule({
      recipients: { kind: 'owner-and-visitor', owners: [owner] },
      from: ['@shop.example'],
      rate: { messages: 20, perMs: 3_600_000 },
      uid: 1_001,
    }),
    `${shop} of user number 1001 may send to ${owner} and one visitor, as @shop.example, ` +
      'at most 20 messages within an hour',
    `allow ${shop} --user 1001 --owner ${owner} --from @shop.example --rate 20/3600s`,
  ],
  [
    scriptRule({ recipients: { kind: 'listed', entries: [owner, '@admin.example'] } }),
    `${shop} may send to only ${owner}, @admin.example`,
    `allow ${shop} --to ${owner} --to @admin.example`,
  ],
  [scriptRule(), `${shop} may send to anybody`, `allow ${shop} --any`],
  [scriptRule({ effect: 'deny' }), `${shop} may send nothing`, `deny ${shop}`],
  [scriptRule({ effect: 'observe' }), `${shop} is only watched: to anybody`, `observe ${shop}`],
] as const;
for (const [rule, text, words] of cases) {
  test(text, () => {
    assert.equal(ruleText(rule), text);
    assert.equal(ruleWords(rule).join(' '), words);
  });
}

test('entries: one way of writing each', () => {
  assert.equal(entryOf(' <Joe@Shop.Example> '), 'joe@shop.example');
  assert.equal(entryOf('@Shop.Example.'), '@shop.example');
  assert.equal(entryOf('@*.shop.example'), '@*.shop.example');
  for (const wrong of ['joe', '@', '@a@b', 'a b@c.example', '']) {
    assert.equal(entryOf(wrong), undefined, wrong);
  }
  assert.deepEqual(entriesOf('a@b.example, A@B.example # him\n\n# all\n@c.example\n'), [
    'a@b.example',
    '@c.example',
  ]);
  assert.equal(entriesOf('a@b.example, nobody'), undefined);
});

test('an entry is its own entry', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const entry = entryOf(text);
      if (entry !== undefined) assert.equal(entryOf(entry), entry);
    }),
    { examples: [['@.'], ['@..'], ['@a..'], ['@*.'], ['@*.a.']] },
  );
});
