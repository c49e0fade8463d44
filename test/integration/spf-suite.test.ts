/** The whole test suite of RFC 7208: every case has one of the results that it allows, and its explanation. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answeredBy } from '../../src/mail/dns/question.ts';
import { evaluateSpf } from '../../src/mail/spf/evaluate.ts';
import { readSuite, type SuiteCase, suiteAnswers } from './spf-suite.ts';

/** As many as there are: one that is not read is one that is not passed. */
const casesMin = 200;
const suite = readSuite();

if (typeof suite === 'string') test('RFC 7208 suite', { skip: suite }, () => undefined);
else {
  for (const { description, tests, zonedata } of suite) {
    const answer = suiteAnswers(zonedata);
    for (const [name, wanted] of Object.entries(tests)) {
      test(`${description}: ${name}`, () => {
        const { host: ip, mailfrom: sender, helo } = wanted;
        const found = answeredBy(evaluateSpf({ ip, sender, helo, atSeconds: 0 }), answer);
        assert.ok([wanted.result].flat().includes(found.result), JSON.stringify(found, null, 1));
        assertExplained(wanted, found.explanation);
      });
    }
  }
  test('the suite was read whole', () => {
    const cases = suite.flatMap(({ tests }) => Object.keys(tests));
    assert.ok(cases.length >= casesMin, `${cases.length} cases`);
  });
}

function assertExplained({ explanation }: SuiteCase, found: string): void {
  if (explanation !== undefined) assert.equal(found, explanation === 'DEFAULT' ? '' : explanation);
}
