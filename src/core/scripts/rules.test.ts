/** What rules let through, and what they say of the rest. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { header, scriptMail, scriptRule, shop, submitter } from '../../../test/doubles/mail.ts';
import { during } from '../../lib/time.ts';
import { reasonText } from '../explain.ts';
import {
  isListedRecipient,
  judgeScriptMail,
  type Register,
  ruleOf,
  type ScriptRule,
} from './rules.ts';

function register(rules: readonly ScriptRule[] = [], with_: Partial<Register> = {}): Register {
  return {
    mode: 'guard',
    rules,
    trustedUsers: new Set(['logcheck']),
    sentLately: () => 0,
    ...with_,
  };
}

const details = (found: ReturnType<typeof judgeScriptMail>): readonly string[] =>
  found.reasons.map(reasonText);

test('an unknown script is held, and only noted while observing', () => {
  const held = judgeScriptMail(register(), scriptMail());
  assert.equal(held.verdict, 'hold');
  assert.deepEqual(details(held), [`no rule for the script ${shop} (as shop)`]);
  const seen = judgeScriptMail(register([], { mode: 'observe' }), scriptMail());
  assert.deepEqual([seen.verdict, seen.reasons.length, seen.findings.length], ['pass', 0, 1]);
});

test('mail without a script needs a rule too, but for root and users who are trusted', () => {
  const from = (uid: number, user: string) =>
    judgeScriptMail(register(), scriptMail({ submitter: submitter({ uid, user, script: '' }) }));
  assert.deepEqual(details(from(33, 'www-data')), [
    'no rule for mail of www-data without a script',
  ]);
  assert.equal(from(0, 'root').verdict, 'pass');
  assert.equal(from(120, 'logcheck').verdict, 'pass');
  const named = judgeScriptMail(
    register(),
    scriptMail({ submitter: submitter({ uid: 120, user: 'logcheck' }) }),
  );
  assert.equal(named.verdict, 'hold', 'trust is for mail without a script');
});

const recipients = [
  ['any', { kind: 'any' }, ['a@b.example', 'c@d.example', 'e@f.example'], ''],
  [
    'listed',
    { kind: 'listed', entries: ['a@b.example', '@d.example'] },
    ['a@b.example', 'x@d.example'],
    '',
  ],
  [
    'not listed',
    { kind: 'listed', entries: ['a@b.example'] },
    ['a@b.example', 'x@b.example', 'y@b.example'],
    'it writes to x@b.example, y@b.example; rule r1 does not allow that',
  ],
  [
    'the owner and a visitor',
    { kind: 'owner-and-visitor', owners: ['owner@shop.example'] },
    ['owner@shop.example', 'vi@sit.example'],
    '',
  ],
  [
    'the visitor alone',
    { kind: 'owner-and-visitor', owners: ['owner@shop.example'] },
    ['vi@sit.example'],
    '',
  ],
  [
    'two visitors',
    { kind: 'owner-and-visitor', owners: ['owner@shop.example'] },
    ['owner@shop.example', 'vi@sit.example', 'vo@sit.example'],
    'it writes to 2 others besides owner@shop.example (vi@sit.example, vo@sit.example); ' +
      'rule r1 allows one visitor',
  ],
] as const;
for (const [name, rule, to, reason] of recipients) {
  test(`recipients: ${name}`, () => {
    const found = judgeScriptMail(
      register([scriptRule({ recipients: rule })]),
      scriptMail({ recipients: to }),
    );
    assert.deepEqual(details(found), reason === '' ? [] : [reason]);
    assert.equal(found.rule, 'r1');
  });
}

test('its senders: envelope, and each From field', () => {
  const rule = scriptRule({ from: ['@shop.example'] });
  const judged = (from: string, sender = '') =>
    details(
      judgeScriptMail(
        register([rule]),
        scriptMail({ sender, header: header(`${from}\nTo: owner@shop.example`) }),
      ),
    );
  assert.deepEqual(judged('From: Shop <info@shop.example>', 'info@shop.example'), []);
  assert.deepEqual(judged('From: Bank <info@bank.example>'), [
    'it sends as info@bank.example; rule r1 does not allow that',
  ]);
  assert.deepEqual(judged('From: info@shop.example', 'x@bank.example'), [
    'it sends as x@bank.example; rule r1 does not allow that',
  ]);
  assert.match(judged('From: info@shop.example\nFrom: x@bank.example')[0] ?? '', /x@bank/);
  assert.match(judged('From: info@shop.example, x@bank.example')[0] ?? '', /as x@bank/);
});

test('an author that only some programs read is judged too', () => {
  const rule = scriptRule({ from: ['@shop.example', '@*.office.example', 'a@mail.example'] });
  const isAllowed = (from: string): boolean => {
    const mail = scriptMail({ header: header(`From: ${from}`) });
    return details(judgeScriptMail(register([rule]), mail)).length === 0;
  };
  const allowed = [
    '"x@bank.example" <info@shop.example>',
    'info@shop.example (x@bank.example)',
    'A <a@mail.example>, B <b@one.office.example>',
  ];
  const wrong = [
    '<info@shop.example> <x@bank.example> <info@shop.example>',
    '<a@mail.example> <b@mail.example> <a@mail.example>',
    'info@shop.example x@bank.example <info@shop.example',
    'info@shop.example, "x@bank.example',
    `${'a@shop.example, '.repeat(1_200)}x@bank.example`,
    '',
  ];
  assert.deepEqual(
    allowed.filter((from) => !isAllowed(from)),
    [],
  );
  assert.deepEqual(wrong.filter(isAllowed), []);
});

test('how often', () => {
  const rule = scriptRule({ rate: { messages: 20, perMs: 3_600_000 } });
  const after = (sent: number) =>
    details(judgeScriptMail(register([rule], { sentLately: () => sent }), scriptMail()));
  assert.deepEqual(after(19), []);
  assert.deepEqual(after(20), ['21 messages within an hour; rule r1 allows 20']);
  assert.deepEqual(
    [during(600_000), during(86_400_000), during(1_500)],
    ['10 minutes', 'a day', '2 seconds'],
  );
});

test('a rule that denies holds all; one that observes holds nothing and still sees', () => {
  const denied = judgeScriptMail(register([scriptRule({ effect: 'deny' })]), scriptMail());
  assert.deepEqual(details(denied), ['rule r1 allows it to send nothing']);
  const listed = { kind: 'listed', entries: ['a@b.example'] } as const;
  const watched = judgeScriptMail(
    register([scriptRule({ effect: 'observe', recipients: listed })]),
    scriptMail(),
  );
  assert.deepEqual([watched.verdict, watched.findings.length], ['pass', 1]);
});

test('the most specific rule counts; of equals, the user’s own, then the one that denies', () => {
  const all = scriptRule({ id: 'all', path: '/var/www/**' });
  const exact = scriptRule({ id: 'exact' });
  const own = scriptRule({ id: 'own', uid: 1_001 });
  const other = scriptRule({ id: 'other', uid: 1_002 });
  const denying = scriptRule({ id: 'denying', effect: 'deny' });
  const best = (...rules: readonly ScriptRule[]) => ruleOf(rules, submitter())?.id;
  assert.equal(best(all, exact), 'exact');
  assert.equal(best(exact, own, all), 'own');
  assert.equal(best(all, other), 'all');
  assert.equal(best(exact, denying), 'denying');
  assert.equal(best(denying, exact), 'denying');
  assert.equal(best(other), undefined);
});

test('entries: addresses, domains, all below a domain', () => {
  const entries = ['a@b.example', '@c.example', '@*.d.example'];
  for (const to of ['a@b.example', 'x@c.example', 'x@y.d.example'])
    assert.ok(isListedRecipient(to, entries));
  for (const to of [
    'x@b.example',
    'x@y.c.example',
    'x@d.example',
    'x@badd.example',
    'c.example',
    '',
  ]) {
    assert.ok(!isListedRecipient(to, entries), to);
  }
});

test('header injection holds what an allowing rule would let pass', () => {
  const mail = scriptMail({
    header: header('To: a@b.example\nSubject: x\nTo: c@d.example, e@f.example'),
  });
  const found = judgeScriptMail(register([scriptRule()]), mail);
  assert.deepEqual(found.reasons, [
    { signal: 'header-injection', found: 'a second To field names 2 addresses more' },
  ]);
});

test('PHP’s manual has an example with a second To: addresses in the rule are not injected', () => {
  const mail = scriptMail({
    recipients: ['mary@shop.example', 'kelly@shop.example'],
    header: header(
      'To: mary@shop.example\nSubject: x\nTo: Mary <mary@shop.example>, Kelly <kelly@shop.example>',
    ),
  });
  const entries = ['@shop.example'];
  const named = scriptRule({ recipients: { kind: 'listed', entries } });
  assert.deepEqual(judgeScriptMail(register([named]), mail).reasons, []);
  assert.equal(judgeScriptMail(register([scriptRule()]), mail).reasons.length, 1);
});

test('whatever is sent: while observing nothing is held, and what is held has a reason', () => {
  const address = fc.constantFrom('owner@shop.example', 'a@b.example', 'c@d.example', '');
  const mail = fc.record({
    recipients: fc.uniqueArray(address, { maxLength: 4 }),
    sender: address,
    header: fc.array(fc.record({ name: fc.string(), value: fc.string() }), { maxLength: 6 }),
    bodyStart: fc.string().map((text) => Buffer.from(text)),
  });
  const rules = fc.array(
    fc.record({
      effect: fc.constantFrom('allow', 'deny', 'observe'),
      path: fc.constantFrom(shop, '/var/www/**', '/srv/*'),
      from: fc.array(address, { maxLength: 1 }),
    }),
    { maxLength: 3 },
  );
  fc.assert(
    fc.property(mail, rules, fc.boolean(), (sent, given, guarding) => {
      const all = given.map((rule, number) => scriptRule({ ...rule, id: `r${number}` }));
      const mode = guarding ? 'guard' : 'observe';
      const found = judgeScriptMail(register(all, { mode }), scriptMail(sent));
      assert.equal(found.verdict === 'hold', found.reasons.length > 0);
      assert.ok(guarding || found.verdict === 'pass');
      assert.ok(found.rule === '' || all.some(({ id }) => id === found.rule));
      if (found.rule === '') assert.equal(found.findings[0]?.signal, 'script-unknown');
    }),
  );
});
