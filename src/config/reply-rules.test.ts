import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultText } from '../lib/error-text.ts';
import { OperatorError } from '../lib/operator-error.ts';
import { parseReplyRules, readReplyRules } from './reply-rules.ts';

const good = `
[[rule]]
id = "partner-limit"
from = ["other"]
words = ["partner limit * reached"]
scope = "rate"
severity = "slowed"
wait = "1h"
cure = "Call the partner."
yes = "450 The partner limit of 5 is reached"
`;

function faults(text: string): string {
  try {
    parseReplyRules(text, 'rules.toml');
  } catch (error) {
    assert.ok(error instanceof OperatorError && error.exit === 78);
    return error.message;
  }
  return '';
}

/** What the command prints. */
function operatorText(text: string): string {
  try {
    parseReplyRules(text, 'rules.toml');
  } catch (error) {
    return faultText(error);
  }
  return '';
}

test('a rule of the operator is read', () => {
  const [rule] = parseReplyRules(good, 'rules.toml');
  assert.deepEqual(
    [rule?.id, rule?.words, rule?.wait],
    ['partner-limit', ['partner limit * reached'], '1h'],
  );
  assert.deepEqual(parseReplyRules('', 'rules.toml'), []);
});

test('each error of a file is told with its line', () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['wait = "1h"', 'wait = "3h"', /^rules\.toml, line 8: wait: /],
    ['scope = "rate"', 'scope = "speed"', /^rules\.toml, line 6: scope: /],
    [
      'from = ["other"]',
      'from = ["gmail"]',
      /^rules\.toml, line 4: from: must be the id of a provider/,
    ],
    [
      '"partner limit * reached"',
      '"a*"',
      /^rules\.toml, line 5: words: the pattern has fewer than 3 characters/,
    ],
    [
      '"partner limit * reached"',
      '"ann@partner"',
      /line 5: words: the pattern names the part of an address/,
    ],
    ['cure = "Call the partner."', '', /^rules\.toml, line 2: cure: /],
    ['cure =', 'advice =', /line 9: unknown setting advice|line 2: cure/],
    ['yes = "450 The', 'yes = "450 A', /^$/],
    [
      'yes = "450 The partner',
      'yes = "450 The other',
      /^rules\.toml, line 10: the rule partner-limit does not fit/,
    ],
    [
      'yes =',
      'no = "450 partner limit reached"\nyes =',
      /line 10: .* fits the example that it must not fit/,
    ],
    ['words = ["partner limit * reached"]', '', /line 2: the rule: has neither words nor codes/],
    ['wait =', 'codes = ["5.1.0-5.7.9"]\nwait =', /line 8: codes: must go up, and only/],
    ['wait =', 'codes = ["4.7.9-4.7.1"]\nwait =', /line 8: codes: must go up, and only/],
    ['wait = "1h"', 'wait = 1h', /^rules\.toml, line 8: /],
    [
      'scope = "rate"\n',
      '',
      /^rules\.toml, line 2: scope: is missing; it must be one of our-ip, our-network/,
    ],
    ['wait = "1h"', 'wait = 60', /^rules\.toml, line 8: wait: must be one of 1m, 5m/],
    [
      'from = ["other"]',
      'from = "other"',
      /^rules\.toml, line 4: from: must be a list: \["one", "two"\]$/,
    ],
    [
      'id = "partner-limit"\n',
      '',
      /^rules\.toml, line 2: id: is missing; it must be a text in quotes/,
    ],
    [
      'cure =',
      'link = "our wiki"\ncure =',
      /line 9: link: must be an address that begins with https/,
    ],
    ['[[rule]]', '[rule]', /^rules\.toml, line 2: rule: each rule begins with a line \[\[rule\]\]/],
    [
      '[[rule]]',
      '[[rules]]',
      /^rules\.toml, line 2: rules: each rule begins with a line \[\[rule\]\]/,
    ],
    [
      'partner limit * reached',
      '^partner.*limit$',
      /line 10: .*: none of words is in it; .* no expression/,
    ],
    ['wait =', 'codes = ["5.7.1"]\nwait =', /line 11: .* its example: its code is not in codes$/],
    ['wait =', 'without = ["partner"]\nwait =', /line 11: .*: a pattern of without is in it$/],
  ];
  for (const [from, to, expected] of cases) {
    assert.match(faults(good.replace(from, to)), expected, to);
  }
  assert.match(faults(good + good), /line 13: another rule has the id partner-limit/);
});

test('what is no file is not read: a device never ends, and a pipe waits', () => {
  assert.throws(() => readReplyRules('/dev/zero'), /\/dev\/zero, .*, is not a file/);
});

test('an error of TOML is told once', () => {
  assert.doesNotMatch(operatorText(good.replace('partner."', 'partner.')), /TOML.*TOML/s);
});

test('a file has limits, and a pattern is never an expression', () => {
  assert.match(faults(good.repeat(501)), /rules\.toml/);
  const literal = good
    .replace('partner limit * reached', '(a+)+$')
    .replace('450 The', '450 (a+)+$ The');
  assert.equal(faults(literal), '');
});
